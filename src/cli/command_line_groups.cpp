#include "cli/command_line_groups.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace ghostpeer::cli {
namespace {

struct Group {
    const char* title;
    std::array<std::string_view, 16> options;
};

/// In the order in which CLI11 shows them: that of the first option of each.
constexpr std::array groups{
    Group{"The peer",
          {"--peer", "--set", "--fire", "--require-fault", "--seed", "--port", "--dial", "--relay",
           "--server", "--dns", "--tag", "--seeds", "--faults", "--fault", "--attempt", "--at"}},
    Group{"Network and link",
          {"--link", "--family", "--mtu", "--sysctl", "--rtt", "--interface", "--address",
           "--netns", "--mac", "--gateway", "--probe-time", "--bytes", "--programs"}},
    Group{"A link with a speed",
          {"--rate", "--delay", "--jitter", "--loss", "--reorder", "--duplicate", "--queue",
           "--burst-loss", "--up", "--down"}},
    Group{"Time and end",
          {"--timeout", "--poll-timeout", "--for", "--expect-status", "--warp", "--free-work",
           "--wall-timeout", "--real", "--jobs", "--limit", "--slow", "--user"}},
    Group{"What is shown",
          {"--quiet", "--trace", "--output", "--color", "--sockets", "--syscalls", "--report",
           "--json"}},
    Group{"Files for programs",
          {"--events", "--pcap", "--junit", "--tap", "--snapshot", "--update", "--fail-on"}},
    Group{"Each run", {"--setup", "--teardown", "--copy"}},
    Group{"A sweep in parts", {"--resume", "--plan", "--shard", "--merge"}},
    Group{"Control", {"--control", "--control-token-file"}},
    Group{"Limits", {"--max-connections", "--max-buffer", "--max-memory"}},
};

[[nodiscard]] const Group* group_of(const CLI::Option& option) {
    for (const std::string& name : option.get_lnames()) {
        const std::string word = "--" + name;
        for (const Group& group : groups) {
            if (std::find(group.options.begin(), group.options.end(), word) !=
                group.options.end()) {
                return &group;
            }
        }
    }
    return nullptr;
}

}  // namespace

void group_options(CLI::App& command) {
    constexpr std::size_t many = 12;
    const auto options = command.get_options();
    if (options.size() < many) {
        return;
    }
    for (CLI::Option* option : options) {
        if (const Group* group = group_of(*option)) {
            option->group(group->title);
        }
    }
}

}  // namespace ghostpeer::cli
