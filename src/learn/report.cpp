#include "learn/report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::learn {

using capture::Conversation;

std::string ends_of(const Conversation& conversation, bool redact) {
    if (!redact) {
        return fmt::format("{} -> {}", conversation.client().to_string(),
                           conversation.server().to_string());
    }
    // RFC 5737, RFC 3849: addresses that belong to nobody.
    const bool v4 = conversation.server().address.is_v4();
    return fmt::format("{}:{} -> {}:{}", v4 ? "192.0.2.1" : "[2001:db8::1]",
                       conversation.client().port, v4 ? "198.51.100.2" : "[2001:db8::2]",
                       conversation.server().port);
}

std::string name_of_capture(const Options& options) {
    // A path has the names of users and customers in it.
    std::string name = options.redact ? "a capture" : options.capture_name;
    std::ranges::replace_if(
        name, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    return name;
}

std::string words_of(const capture::Oddity& oddity, bool redact) {
    if (!redact || oddity.kind != capture::OddityKind::icmp) {
        return oddity.words;
    }
    const std::size_t from = oddity.words.find(" from ");
    const std::size_t behind = oddity.words.find(" for ", from);
    return from == std::string::npos || behind == std::string::npos
               ? std::string("ICMP")
               : oddity.words.substr(0, from) + oddity.words.substr(behind);
}

std::string report(const std::vector<const Conversation*>& attempts,
                   const std::vector<Account>& accounts, const Options& options) {
    std::string text = fmt::format("# What was learned from {}\n", name_of_capture(options));
    for (std::size_t i = 0; i < attempts.size() && i < accounts.size(); ++i) {
        const Conversation& conversation = *attempts[i];
        const Account& account = accounts[i];
        text += fmt::format("\n## Conversation {}: {}\n\nPackets {} to {}, {:.3f} s to {:.3f} s.\n",
                            conversation.number, ends_of(conversation, options.redact),
                            conversation.first_packet, conversation.last_packet,
                            to_seconds(conversation.begin), to_seconds(conversation.end));
        if (!conversation.perspective_reason.empty()) {
            text += fmt::format("Captured at: {} ({}).\n", capture::name(conversation.perspective),
                                conversation.perspective_reason);
        }
        text += fmt::format(
            "\nOf {} packets of the {} the profile's peer sends {} when it meets what the {} of "
            "the capture sent ({} rehearsals).\n",
            account.captured, capture::name(options.peer), account.alike,
            capture::name(capture::other(options.peer)), account.rehearsals);
        if (!conversation.oddities.empty()) {
            text += "\nOdd in it:\n\n";
            for (const capture::Oddity& oddity : conversation.oddities) {
                text += fmt::format("- packet {}, {:.3f} s: {}\n", oddity.packet,
                                    to_seconds(oddity.at), words_of(oddity, options.redact));
            }
        }
        if (!account.rules.empty()) {
            text += "\nIn rules:\n\n";
            for (const std::string& rule : account.rules) {
                text += fmt::format("- {}\n", rule);
            }
        }
        text += account.open.empty() ? "\nNothing was left open.\n"
                                     : "\nNot told by the capture, or said by no rule:\n\n";
        for (const std::string& open : account.open) {
            text += fmt::format("- {}\n", open);
        }
    }
    return text;
}

}  // namespace ghostpeer::learn
