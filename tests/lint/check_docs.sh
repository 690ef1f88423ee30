#!/bin/sh
# check_docs.sh SLUICE - the manual pages name every command, option, configuration key, choice and default
# that the program has, and none that it has not.
set -eu
sluice=$(realpath "$1")
cd "$(dirname "$0")/../../docs/man"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
complain() {
    echo "$1" >&2
    bad=1
}

# same WHAT: the sorted lists in program and manual must be equal.
same() {
    comm -23 "$work/program" "$work/manual" | while read -r item; do echo "$1: $item is not in the manual page"; done >"$work/diff"
    comm -13 "$work/program" "$work/manual" | while read -r item; do echo "$1: $item is in the manual page only"; done >>"$work/diff"
    [ ! -s "$work/diff" ] || complain "$(cat "$work/diff")"
}

# options_of: the options that a --help text names, which begin behind a space or bracket.
options_of() {
    grep -oE '(^|[[:space:]]|\[|\()--?[a-z][a-z-]*' | sed -E 's/^[^-]*//' | grep -vx -e '--help' | sort -u
}

# section COMMAND: its part of sluice.8.
section() {
    awk -v want="$1" '/^\.S[sh] / { on = ($1 == ".Ss" && $2 == want) } on' sluice.8
}

"$sluice" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | sort >"$work/program"
sed -n '/^\.Sh COMMANDS/,/^\.Sh FILES/s/^\.Ss //p' sluice.8 | sort >"$work/manual"
[ -s "$work/program" ] || complain "sluice --help names no commands"
same "sluice.8"
cp "$work/program" "$work/commands"
while read -r command; do
    "$sluice" "$command" --help | options_of >"$work/program"
    section "$command" | sed -nE 's/^\.It Fl -([a-z-]+).*/--\1/p; s/^\.It Fl ([a-z])( .*)?$/-\1/p' | sort -u >"$work/manual"
    same "sluice.8, $command"
done <"$work/commands"

"$sluice" --describe-config >"$work/keys"
cut -f 1 "$work/keys" | sort >"$work/program"
sed -n 's/^\.It Ic //p' sluice.json.5 | sort >"$work/manual"
[ -s "$work/program" ] || complain "sluice --describe-config names no keys"
same "sluice.json.5"

# item KEY: its part of sluice.json.5, as words.
item() {
    awk -v want="$1" '/^\.It / { on = ($2 == "Ic" && $3 == want) } /^\.El/ { on = 0 } on' sluice.json.5
}
while IFS='	' read -r line; do
    key=$(printf '%s\n' "$line" | cut -f 1)
    default=$(printf '%s\n' "$line" | cut -f 5)
    item "$key" >"$work/item"
    if [ "$default" = required ]; then
        grep -q '^Required' "$work/item" || complain "sluice.json.5: $key does not say that it is required"
    elif [ -n "$default" ]; then
        grep -qF ".Ql $default" "$work/item" || complain "sluice.json.5: $key lacks its default $default"
    fi
    for choice in $(printf '%s\n' "$line" | cut -f 6 | tr '|' ' '); do
        grep -qE "^\.Ql $choice( |\$)" "$work/item" || complain "sluice.json.5: $key lacks its choice $choice"
    done
done <"$work/keys"
exit $bad
