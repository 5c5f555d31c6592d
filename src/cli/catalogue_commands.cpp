#include "cli/catalogue_commands.hpp"

#include "event/exit_status.hpp"
#include "ghostpeer/profile/catalogue.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "posix/message.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ghostpeer::cli {
namespace {

constexpr const char* bash_completion = R"bash(_ghostpeer() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} i
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == -- ]]; then
            _command_offset $((i + 1)) 2>/dev/null
            return
        fi
    done
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W 'run serve sweep survey ctl list show check report judge warp completion
            --help --version' -- "$current"))
        return
    fi
    case $previous in
        --tag) COMPREPLY=($(compgen -W "$(ghostpeer list 2>/dev/null |
            sed -n 's/^\([a-z-]*\):.*/\1/p')" -- "$current")); return ;;
        --link) COMPREPLY=($(compgen -W 'auto tun ethernet loopback' -- "$current")); return ;;
        --family) COMPREPLY=($(compgen -W '4 6 both' -- "$current")); return ;;
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
        judge) COMPREPLY=($(compgen -f -- "$current")) ;;
        warp) COMPREPLY=($(compgen -W 'build list remove' -- "$current")) ;;
        completion) COMPREPLY=($(compgen -W 'bash' -- "$current")) ;;
    esac
}
complete -o default -F _ghostpeer ghostpeer
)bash";

[[nodiscard]] int print(const std::string& text) {
    if (print_output(text)) {
        return exit_success;
    }
    if (errno == EPIPE) {
        return exit_success;  // `ghostpeer list | head -1` is no failure.
    }
    print_message(fmt::format("ghostpeer: standard output could not be written: {}.\n",
                              std::strerror(errno)));
    return exit_cannot;
}

/// Why there is no such tag; empty: there is.
[[nodiscard]] std::string refuse_tag(const std::string& wanted) {
    std::vector<std::string> known;
    for (const auto& tag : profile::tags()) {
        if (tag.name == wanted) {
            return {};
        }
        known.emplace_back(tag.name);
    }
    if (const auto near = profile::nearest_word(wanted, known); !near.empty()) {
        return fmt::format("There is no tag `{}`; did you mean `{}`?", wanted, near);
    }
    return fmt::format("There is no tag `{}`; known are {}.", wanted, fmt::join(known, ", "));
}

[[nodiscard]] std::string as_json(const std::vector<profile::Listing>& listings) {
    auto array = nlohmann::ordered_json::array();
    for (const auto& listing : listings) {
        auto& object = array.emplace_back();
        object["name"] = listing.name;
        object["summary"] = listing.summary;
        object["tags"] = listing.tags;
        object["params"] = nlohmann::ordered_json::object();
        for (const auto& [name, value] : listing.parameters) {
            object["params"][name] = value;
        }
    }
    constexpr int indent = 2;
    return array.dump(indent) + "\n";
}

/// A paragraph for each tag that is some profile's first.
[[nodiscard]] std::string as_text(const std::vector<profile::Listing>& listings) {
    std::size_t width = 0;
    for (const auto& listing : listings) {
        width = std::max(width, listing.name.size());
    }
    std::string text;
    const auto add = [&](std::string_view first_tag, const std::string& title) {
        bool begun = false;
        for (const auto& listing : listings) {
            if (listing.tags.empty() ? !first_tag.empty() : listing.tags.front() != first_tag) {
                continue;
            }
            if (!begun) {
                text += (text.empty() ? "" : "\n") + title + "\n";
                begun = true;
            }
            text += fmt::format("  {:<{}}  {}\n", listing.name, width, listing.summary);
        }
    };
    for (const auto& tag : profile::tags()) {
        add(tag.name, fmt::format("{}: {}", tag.name, tag.title));
    }
    add("", "without a tag");
    return text;
}

}  // namespace

int list_command(const ListRequest& request) {
    for (const std::string& wanted : request.tags) {
        if (const auto problem = refuse_tag(wanted); !problem.empty()) {
            complain(problem);
            return exit_cannot;
        }
    }
    auto listings = profile::list_catalogue();
    std::erase_if(listings, [&](const profile::Listing& listing) {
        return !std::all_of(request.tags.begin(), request.tags.end(), [&](const auto& tag) {
            return std::find(listing.tags.begin(), listing.tags.end(), tag) != listing.tags.end();
        });
    });
    return print(request.json ? as_json(listings) : as_text(listings));
}

int show_command(const ShowRequest& request) {
    if (const auto source = profile::read_source(request.profile)) {
        return print(*source);
    }
    // Loading it again says what is wrong, nearest name included.
    print_message(profile::to_string(profile::load(request.profile).errors));
    return exit_cannot;
}

int check_command(const CheckRequest& request) {
    profile::Parameters parameters(request.parameters.begin(), request.parameters.end());
    std::size_t bad = 0;
    std::string text;
    for (const std::string& name : request.profiles) {
        const auto result = profile::load(name, parameters);
        if (result.profile) {
            text += fmt::format("{}: good, {} rule{}\n", name, result.profile->rules.size(),
                                result.profile->rules.size() == 1 ? "" : "s");
            continue;
        }
        ++bad;
        print_message(profile::to_string(result.errors));
    }
    const int printed = print(text);
    return bad > 0 ? exit_cannot : printed;
}

int completion_command(const CompletionRequest& /*request*/) { return print(bash_completion); }

}  // namespace ghostpeer::cli
