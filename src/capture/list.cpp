#include "capture/list.hpp"

#include "capture/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace ghostpeer::capture {
namespace {

[[nodiscard]] std::string perspective_text(Perspective perspective) {
    switch (perspective) {
        case Perspective::client: return "captured at the client";
        case Perspective::server: return "captured at the server";
        case Perspective::middle: return "captured between client and server";
        case Perspective::unknown: break;
    }
    return "where it was captured is not clear";
}

/// The one that most conversations tell of; `unknown` where none does.
[[nodiscard]] Perspective common_perspective(const Capture& capture) {
    std::array<std::size_t, 4> counts{};
    for (const Conversation& one : capture.conversations) {
        ++counts[static_cast<std::size_t>(one.perspective)];
    }
    const auto most = std::max_element(counts.begin() + 1, counts.end());
    return *most == 0 ? Perspective::unknown
                      : static_cast<Perspective>(std::distance(counts.begin(), most));
}

[[nodiscard]] std::string head(const Capture& capture, const std::string& file,
                               Perspective perspective) {
    const auto s = [](std::uint64_t count) { return count == 1 ? "" : "s"; };
    std::string text =
        fmt::format("{}: {} packet{} in {}, {}, {} conversation{}\n", file, capture.packets,
                    s(capture.packets), say(capture.length), capture.link_type,
                    capture.conversations.size(), s(capture.conversations.size()));
    const auto of =
        std::find_if(capture.conversations.begin(), capture.conversations.end(),
                     [&](const Conversation& one) { return one.perspective == perspective; });
    if (of != capture.conversations.end()) {
        text += fmt::format("{} ({})\n", perspective_text(perspective), of->perspective_reason);
    }
    return text;
}

}  // namespace

std::string say_end(const Conversation& conversation) {
    const auto who =
        conversation.ended_by ? std::string(name(*conversation.ended_by)) : std::string("one end");
    switch (conversation.ended) {
        case Ended::closed: return "closed by the " + who;
        case Ended::half_closed: return "half closed, by the " + who;
        case Ended::reset: return "reset by the " + who;
        case Ended::lost: return "lost: no answer for the " + who;
        case Ended::open:
        case Ended::refused:
        case Ended::unanswered:
        case Ended::unreachable: break;
    }
    return std::string(name(conversation.ended));
}

std::string list_text(const Capture& capture, const std::string& file) {
    const Perspective perspective = common_perspective(capture);
    std::string text = head(capture, file, perspective);
    if (capture.conversations.empty()) {
        return text;
    }
    std::size_t client = 6;
    std::size_t server = 6;
    for (const Conversation& one : capture.conversations) {
        client = std::max(client, one.client().to_string().size());
        server = std::max(server, one.server().to_string().size());
    }
    text +=
        fmt::format("{:>5}  {:<{}}    {:<{}}  {:>11}  {:>9}  {:>10}  {:>10}  end\n", "conn",
                    "client", client, "server", server, "start", "length", "client's", "server's");
    for (const Conversation& one : capture.conversations) {
        text += fmt::format("{:>5}  {:<{}} -> {:<{}}  {:>9.3f} s  {:>9}  {:>10}  {:>10}  {}\n",
                            one.number, one.client().to_string(), client, one.server().to_string(),
                            server, to_seconds(one.begin), say(one.end - one.begin),
                            say_bytes(one.of(Side::client).bytes),
                            say_bytes(one.of(Side::server).bytes), say_end(one));
        if (one.perspective != perspective && one.perspective != Perspective::unknown) {
            text += fmt::format("       {} ({})\n", perspective_text(one.perspective),
                                one.perspective_reason);
        }
        for (const Oddity& odd : one.oddities) {
            text += fmt::format("       packet {}, {:.3f} s: {}\n", odd.packet, to_seconds(odd.at),
                                odd.words);
        }
    }
    return text;
}

}  // namespace ghostpeer::capture
