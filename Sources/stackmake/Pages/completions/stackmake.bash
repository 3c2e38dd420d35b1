# Completion of stackmake's words in bash: the program itself says what there is.
_stackmake() {
    local program=${1/#\~\//$HOME/} word about i
    local words=()
    # bash splits words at `=`, stackmake doesn't.
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 1)) && [[ $word == "=" || ${COMP_WORDS[i - 1]} == "=" ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
    done
    for i in "${!words[@]}"; do
        word=${words[i]}
        case $word in
            \'*) word=${word#\'} word=${word%\'} ;;
            \"*) word=${word#\"} word=${word%\"} ;;
            *) word=${word//\\/} ;;
        esac
        words[i]=$word
    done
    COMPREPLY=()
    while IFS=$'\t' read -r word about; do
        case $word in
            # With no answer bash looks for these itself.
            :files) compopt -o default ;;
            :directories) compopt -o dirnames ;;
            *)
                # Only what comes after the last `=` is replaced.
                COMPREPLY+=("${word#"${words[-1]%"${words[-1]##*=}"}"}")
                [[ $word == */ || $word == *= ]] && compopt -o nospace
                ;;
        esac
    done < <("$program" __complete "${words[@]}" 2>/dev/null)
}
complete -F _stackmake stackmake
