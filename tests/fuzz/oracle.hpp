// What a peer that no rule has made dishonest holds to, whatever the program does.
#pragma once

#include "ghostpeer/wire/segment.hpp"

#include <map>
#include <optional>
#include <string_view>
#include <tuple>

namespace ghostpeer::fuzzing {

/// Looks at each segment that leaves.
class Oracle {
  public:
    /// What RFC 9293 has every TCP do and this one does not; empty: it does.
    [[nodiscard]] std::string_view leaves(const wire::Segment& segment) {
        using wire::Flags;
        if (segment.has(Flags::rst)) {
            return {};  // of no connection, or of its end
        }
        const auto key = std::tuple(segment.source, segment.destination);
        const auto known = told_.find(key);
        // Another connection at the same instant may begin with the same number.
        const auto acknowledged =
            segment.has(Flags::ack) ? std::optional(segment.ack) : std::nullopt;
        if (segment.has(Flags::syn) && (known == told_.end() || known->second.iss != segment.seq ||
                                        (acknowledged && known->second.syn_ack != acknowledged))) {
            told_.insert_or_assign(key, Told{segment.seq, acknowledged, segment.seq, {}, {}});
        } else if (known == told_.end()) {
            return "it says something before its SYN";
        }
        return goes_on(told_.at(key), segment);
    }

  private:
    struct Told {
        wire::SeqNum iss;
        std::optional<wire::SeqNum> syn_ack;  ///< what its SYN acknowledged
        wire::SeqNum nxt;
        std::optional<wire::SeqNum> ack;
        std::optional<wire::SeqNum> fin;
    };

    static std::string_view goes_on(Told& told, const wire::Segment& segment) {
        using wire::Flags;
        if (segment.seq < told.iss) {
            return "it says something in front of its SYN";
        }
        if (told.nxt < segment.seq) {
            return "it leaves a gap in what it says";
        }
        if (segment.has(Flags::fin) && told.fin && *told.fin != segment.end()) {
            return "it has two ends";
        }
        if (segment.has(Flags::fin)) {
            told.fin = segment.end();
        }
        if (told.fin && *told.fin < segment.end()) {
            return "it says something behind its FIN";
        }
        if (segment.has(Flags::ack)) {
            if (told.ack && segment.ack < *told.ack) {
                return "it takes an acknowledgement back";
            }
            told.ack = segment.ack;
        }
        told.nxt = told.nxt < segment.end() ? segment.end() : told.nxt;
        return {};
    }

    std::map<std::tuple<wire::Endpoint, wire::Endpoint>, Told> told_;
};

}  // namespace ghostpeer::fuzzing
