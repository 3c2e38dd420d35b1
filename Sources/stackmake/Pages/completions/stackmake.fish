# Completion of stackmake's words in fish: the program itself says what there is.
function __stackmake_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -e words[1]
    # Of a quoted word the text counts.
    set -l text (string replace -r '^[\'"]' '' -- "$current")
    for line in ($program __complete $words "$text" 2>/dev/null)
        switch $line
            case ':files' ':directories'
                set -l option (string match -r -- '^--[^=]*=' "$text")
                set -l rest (string replace -r -- '^--[^=]*=' '' "$text")
                set -l paths
                if test $line = ':files'
                    set paths (__fish_complete_path "$rest")
                else
                    set paths (__fish_complete_directories "$rest")
                end
                for path in $paths
                    printf '%s\n' "$option$path"
                end
            case '*'
                printf '%s\n' $line
        end
    end
end
complete -c stackmake -f -a '(__stackmake_complete)'
