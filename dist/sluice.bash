# bash completion for sluice                                                            -*- shell-script -*-
# Commands and options are asked of the program itself, so that there is no list to keep.

_sluice_options() {
    "$1" ${2:+"$2"} --help 2>/dev/null | grep -oE '(^|[[:space:]]|\[|\()--?[a-z][a-z-]*' | sed -E 's/^[^-]*//' | sort -u
}

_sluice() {
    local program=$1 word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=
    [ "$COMP_CWORD" -gt 1 ] && command=${COMP_WORDS[1]}
    case $before in
    -c | --report | --metrics | --file)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames
        return
        ;;
    esac
    if [ -z "$command" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$program" --help 2>/dev/null |
            sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p') --help --version" -- "$word")
    elif [ "${word#-}" != "$word" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_sluice_options "$program" "$command")" -- "$word")
    fi
}

complete -F _sluice sluice
