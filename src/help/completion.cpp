#include "help/completion.hpp"

namespace ghostpeer::help {

std::string_view bash_completion() noexcept {
    return R"bash(_ghostpeer() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} i
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == -- ]]; then
            _command_offset $((i + 1)) 2>/dev/null
            return
        fi
    done
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W 'run serve sweep survey ctl list show check report judge learn compare init
            schema doctor warp completion help version --help --version' -- "$current"))
        return
    fi
    case $previous in
        --tag) COMPREPLY=($(compgen -W "$(ghostpeer list 2>/dev/null |
            sed -n 's/^\([a-z-]*\):.*/\1/p')" -- "$current")); return ;;
        --link) COMPREPLY=($(compgen -W 'auto tun ethernet loopback' -- "$current")); return ;;
        --family) COMPREPLY=($(compgen -W '4 6 both' -- "$current")); return ;;
        --from) COMPREPLY=($(compgen -W 'client server middle' -- "$current")); return ;;
        --role) COMPREPLY=($(compgen -W 'server client' -- "$current")); return ;;
        --trace) COMPREPLY=($(compgen -W 'all faults states none' -- "$current")); return ;;
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")); return ;;
        -o|--output|--events|--pcap|--junit|--tap|--report|--control-token-file|--snapshot|--plan|--fault|--programs|--source|--resume|--merge|--copy)
            COMPREPLY=($(compgen -f -- "$current")); return ;;
    esac
    local command=("${COMP_WORDS[1]}")
    if [[ $command == warp ]] && ((COMP_CWORD > 2)); then
        command+=("${COMP_WORDS[2]}")
    fi
    if [[ $current == -* || $command == list ]]; then
        COMPREPLY=($(compgen -W "$(ghostpeer "${command[@]}" --help 2>/dev/null |
            sed -nE 's/^  (-.,)?(--[a-z-]+).*/\2/p')" -- "$current"))
        return
    fi
    case $command in
        run|serve|sweep|survey|show|check)
            COMPREPLY=($(compgen -W "$(ghostpeer list 2>/dev/null | awk '/^  / {print $1}')" -- "$current")
                       $(compgen -f -X '!*.y*ml' -- "$current")) ;;
        report) COMPREPLY=($(compgen -f -X '!*.jsonl' -- "$current")) ;;
        judge|learn|compare) COMPREPLY=($(compgen -f -- "$current")) ;;
        warp) COMPREPLY=($(compgen -W 'build list remove' -- "$current")) ;;
        init) COMPREPLY=($(compgen -f -- "$current")) ;;
        schema) COMPREPLY=($(compgen -W 'profile events' -- "$current")) ;;
        completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$current")) ;;
    esac
}
complete -o default -F _ghostpeer ghostpeer
)bash";
}

std::string_view zsh_completion() noexcept {
    return R"zsh(#compdef ghostpeer
_ghostpeer() {
    local -a found
    local i
    for ((i = 2; i < CURRENT; i++)); do
        if [[ ${words[i]} == -- ]]; then
            shift $i words
            ((CURRENT -= i))
            _normal
            return
        fi
    done
    if ((CURRENT == 2)); then
        found=(${(f)"$(ghostpeer --help 2>/dev/null |
            sed -nE '/^Subcommands:/,/^$/s/^  ([a-z]+) +(.*)$/\1:\2/p')"})
        _describe command found
        return
    fi
    case ${words[CURRENT-1]} in
        --tag) found=(${(f)"$(ghostpeer list 2>/dev/null | sed -n 's/^\([a-z-]*\): /\1:/p')"})
            _describe tag found; return ;;
        --link) compadd auto tun ethernet loopback; return ;;
        --family) compadd 4 6 both; return ;;
        --from) compadd client server middle; return ;;
        --role) compadd server client; return ;;
        --trace) compadd all faults states none; return ;;
        --color) compadd auto always never; return ;;
        -o|--output|--events|--pcap|--junit|--tap|--report|--control-token-file|--snapshot|--plan|--fault|--programs|--source|--resume|--merge|--copy)
            _files; return ;;
    esac
    if [[ ${words[CURRENT]} == -* ]]; then
        found=(${(f)"$(ghostpeer ${words[2]} --help 2>/dev/null |
            sed -nE 's/^  (-.,)?(--[a-z-]+).*/\2/p')"})
        compadd -- $found
        return
    fi
    case ${words[2]} in
        run|serve|sweep|survey|show|check)
            found=(${(f)"$(ghostpeer list 2>/dev/null | sed -nE 's/^  ([^ ]+) +(.*)$/\1:\2/p')"})
            _describe profile found
            _files -g '*.y(a|)ml' ;;
        report) _files -g '*.jsonl' ;;
        warp) compadd build list remove ;;
        schema) compadd profile events ;;
        completion) compadd bash zsh fish ;;
        *) _files ;;
    esac
}
# As a file of $fpath it is called at once; where it is sourced, it is made known.
if [[ ${funcstack[1]:-} == _ghostpeer ]]; then
    _ghostpeer "$@"
else
    compdef _ghostpeer ghostpeer
fi
)zsh";
}

std::string_view fish_completion() noexcept {
    return R"fish(function __ghostpeer_command
    # What follows `--` is the program's.
    set -l words (commandline -opc)
    not contains -- -- $words
    and test (count $words) -gt 1
    and contains -- $words[2] $argv
end
function __ghostpeer_begins
    test (count (commandline -opc)) -eq 1
end
function __ghostpeer_commands
    ghostpeer --help 2>/dev/null | string replace -rf '^  ([a-z]+) {2,}(.*)$' '$1\t$2'
end
function __ghostpeer_profiles
    ghostpeer list 2>/dev/null | string replace -rf '^  (\S+)\s+(.*)$' '$1\t$2'
end
function __ghostpeer_tags
    ghostpeer list 2>/dev/null | string replace -rf '^([a-z-]+): (.*)$' '$1\t$2'
end
function __ghostpeer_options
    set -l words (commandline -opc)
    test (count $words) -gt 1
    and not contains -- -- $words
    and ghostpeer $words[2] --help 2>/dev/null | string replace -rf '^  (?:-.,)?(--[a-z-]+).*$' '$1'
end
complete -c ghostpeer -f -n __ghostpeer_begins -a '(__ghostpeer_commands)'
complete -c ghostpeer -n '__ghostpeer_command run serve sweep survey show check' -a '(__ghostpeer_profiles)'
complete -c ghostpeer -f -n '__ghostpeer_command list' -l tag -x -a '(__ghostpeer_tags)'
complete -c ghostpeer -n '__ghostpeer_command run serve' -l trace -x -a 'all faults states none'
complete -c ghostpeer -n '__ghostpeer_command run serve' -l color -x -a 'auto always never'
complete -c ghostpeer -n '__ghostpeer_command run serve sweep survey' -l link -x -a 'auto tun ethernet loopback'
complete -c ghostpeer -n '__ghostpeer_command run' -l family -x -a '4 6 both'
complete -c ghostpeer -n '__ghostpeer_command learn' -l from -x -a 'client server middle'
complete -c ghostpeer -n '__ghostpeer_command learn' -l role -x -a 'server client'
complete -c ghostpeer -f -n '__ghostpeer_command warp' -a 'build list remove'
complete -c ghostpeer -f -n '__ghostpeer_command schema' -a 'profile events'
complete -c ghostpeer -f -n '__ghostpeer_command completion' -a 'bash zsh fish'
complete -c ghostpeer -n 'string match -q -- "-*" (commandline -ct)' -a '(__ghostpeer_options)'
)fish";
}

}  // namespace ghostpeer::help
