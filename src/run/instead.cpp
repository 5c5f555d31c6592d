#include "run/instead.hpp"

#include "event/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::run {
namespace {

constexpr std::size_t most_listed = 3;

/// The first of them, and how many more.
template <class List, class Text>
[[nodiscard]] std::string some_of(const List& list, Text text) {
    std::string joined;
    const std::size_t shown = std::min<std::size_t>(list.size(), most_listed);
    for (std::size_t i = 0; i < shown; ++i) {
        joined += (i == 0 ? "" : ", ") + text(list[i]);
    }
    return list.size() > shown ? fmt::format("{} and {} more", joined, list.size() - shown)
                               : joined;
}

[[nodiscard]] std::string describe_tcp(const process::NetworkUse& use, bool loopback) {
    const auto opened = event::count(use.tcp_opened, "TCP connection");
    auto text = loopback ? fmt::format("It opened {}, but to other ports than the peer's", opened)
                         : fmt::format(
                               "It opened {}, but on its own loopback (127.0.0.1 or ::1), "
                               "where no peer is",
                               opened);
    if (!use.loopback_ends.empty()) {
        text += ", to " + some_of(use.loopback_ends,
                                  [](const wire::Endpoint& end) { return end.to_string(); });
    } else if (use.tcp_failed >= use.tcp_opened) {
        text += "; nothing listened there";
    }
    return text + (loopback ? "."
                            : ". The peer is at GHOSTPEER_ADDR and at the names of --peer; "
                              "--link loopback puts it on 127.0.0.1.");
}

}  // namespace

std::vector<std::string> describe_instead(const std::optional<process::NetworkUse>& use,
                                          const peer::Engine& engine,
                                          const std::vector<std::string>& unknown_names,
                                          bool loopback) {
    std::vector<std::string> sentences;
    if (!use || engine.attempt_count() > 0) {
        return sentences;
    }
    if (!unknown_names.empty()) {
        sentences.push_back(fmt::format("It asked for {}, which no --peer gives an address.",
                                        some_of(unknown_names, [](const std::string& name) {
                                            return "\"" + event::printable(name) + "\"";
                                        })));
    }
    const bool elsewhere = engine.counters().segments_in > 0;
    if (elsewhere) {
        sentences.emplace_back(
            "It opened TCP connections to addresses or ports that no peer has (see the notices).");
    } else if (use->tcp_opened > 0) {
        sentences.push_back(describe_tcp(*use, loopback));
    }
    // Its questions to the name server are datagrams, too.
    if (unknown_names.empty() && use->udp_sent > 0) {
        sentences.push_back(
            fmt::format("It sent {}{}.", event::count(use->udp_sent, "UDP datagram"),
                        use->tcp_opened == 0 ? ", and opened no TCP connection" : ""));
    }
    if (use->pings > 0) {
        sentences.push_back(fmt::format("It sent {}.", event::count(use->pings, "ping")));
    }
    if (sentences.empty() && use->tcp_opened == 0) {
        sentences.emplace_back("It opened no TCP connection at all, and sent no datagram.");
    }
    return sentences;
}

}  // namespace ghostpeer::run
