#compdef stackmake
# Completion of stackmake's words in zsh: the program itself says what there is.
_stackmake() {
    local program=${~${(Q)words[1]}} line word about kind
    local -a answers whole open
    answers=("${(@f)$("$program" __complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    for line in "${answers[@]}"; do
        word=${line%%$'\t'*}
        about=${${line#"$word"}#$'\t'}
        case $word in
            '') ;;
            :files | :directories) kind=$word ;;
            */ | *=) open+=("${word//:/\\:}${about:+:$about}") ;;
            *) whole+=("${word//:/\\:}${about:+:$about}") ;;
        esac
    done
    local found=1
    if [[ -n $kind ]]; then
        [[ $PREFIX == --*=* ]] && compset -P '*='
        if [[ $kind == :files ]]; then _files && found=0; else _files -/ && found=0; fi
    fi
    ((${#whole})) && _describe -t words stackmake whole && found=0
    ((${#open})) && _describe -t parts stackmake open -S '' && found=0
    return $found
}
if [[ $funcstack[1] == _stackmake ]]; then
    _stackmake "$@"
else
    compdef _stackmake stackmake
fi
