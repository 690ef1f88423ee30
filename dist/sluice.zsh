#compdef sluice
# zsh completion for sluice. Commands and options are asked of the program itself, so that there is no list to keep.

_sluice_commands() {
    local -a commands
    commands=(${(f)"$($words[1] --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\)  *\(.*\)/\1:\2/p')"})
    _describe command commands
}

_sluice() {
    local -a options
    if (( CURRENT == 2 )); then
        _sluice_commands
        return
    fi
    case $words[CURRENT-1] in
        -c|--report|--metrics|--file) _files; return ;;
    esac
    options=(${(f)"$($words[1] $words[2] --help 2>/dev/null | grep -oE '(^|[[:space:]]|\[|\()--?[a-z][a-z-]*' | sed -E 's/^[^-]*//' | sort -u)"})
    compadd -- $options
}

_sluice "$@"
