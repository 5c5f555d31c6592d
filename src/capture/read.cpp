#include "capture/read.hpp"

#include "capture/clock.hpp"
#include "capture/link_layer.hpp"
#include "capture/packet.hpp"
#include "capture/tracker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace ghostpeer::capture {
namespace {

/// Both ends, the smaller one first, so that both directions have one.
[[nodiscard]] wire::Flow ends_of(const wire::Endpoint& one, const wire::Endpoint& another) {
    return one < another ? wire::Flow{one, another} : wire::Flow{another, one};
}

/// A client's address and a server's end, for counting attempts.
[[nodiscard]] wire::Flow attempts_key(const Conversation& told) noexcept {
    return {told.server(), {told.client().address, 0}};
}

[[nodiscard]] bool fits(const wire::Endpoint& asked, const wire::Endpoint& end) noexcept {
    return asked.address == end.address && (asked.port == 0 || asked.port == end.port);
}

/// While it is read.
class Reading {
  public:
    Reading(packets::CaptureFile& file, const ReadOptions& options)
        : file_(file), options_(options), budget_{options.most_segments, options.most_payload} {}

    [[nodiscard]] Capture read() {
        capture_.link_type = name(file_.link_type());
        packets::CapturedPacket packet;
        while (file_.next(packet)) {
            take(packet);
            constexpr std::uint64_t now_and_then = 4096;
            if (options_.progress && capture_.packets % now_and_then == 0) {
                options_.progress(file_.position(), file_.size());
            }
        }
        while (!live_.empty()) {
            retire(live_.begin());
        }
        std::sort(capture_.conversations.begin(), capture_.conversations.end(),
                  [](const Conversation& a, const Conversation& b) { return a.number < b.number; });
        write_notes();
        return std::move(capture_);
    }

  private:
    using Live = std::list<std::unique_ptr<Tracker>>;

    void take(const packets::CapturedPacket& packet) {
        if (capture_.packets++ == 0) {
            capture_.epoch = packet.at;
        }
        capture_.bytes += packet.length;
        const Duration at = clock_.take(packet.at);
        capture_.length = at;
        capture_.cut += packet.bytes.size() < packet.length ? 1 : 0;
        const auto frame = open_frame(file_.link_type(), packet.bytes);
        if (!frame) {
            ++capture_.other;
            return;
        }
        const std::size_t before = packet.bytes.size() - frame->ip.size();
        const std::uint64_t on_wire =
            packet.length > before ? packet.length - before : frame->ip.size();
        auto opened = opener_.open(frame->ip, on_wire, at);
        const Found found{capture_.packets, at, frame->link_key, before > 0};
        if (auto* tcp = std::get_if<TcpPacket>(&opened)) {
            ++capture_.tcp_packets;
            take(*tcp, found, frame->vlan);
        } else if (const auto* icmp = std::get_if<IcmpPacket>(&opened)) {
            take(*icmp, found);
        } else {
            count(*std::get_if<NoSegment>(&opened));
        }
    }

    void count(NoSegment why) {
        switch (why) {
            case NoSegment::other: ++capture_.other; break;
            case NoSegment::malformed: ++capture_.malformed; break;
            case NoSegment::cut: ++headless_; break;
            case NoSegment::signed_tcp: ++capture_.with_signature; break;
        }
    }

    void take(TcpPacket& packet, const Found& found, std::uint16_t vlan) {
        const wire::Segment& segment = packet.segment;
        const wire::Flow ends = ends_of(segment.source, segment.destination);
        auto at = table_.find(ends);
        if (at != table_.end() && (*at->second)->begins_anew(packet, found.at)) {
            retire(at->second);
            at = table_.end();
        }
        if (at == table_.end()) {
            const auto made = begin(packet, found, vlan);
            if (made == live_.end()) {
                ++capture_.not_listed;
                return;
            }
            at = table_.emplace(ends, made).first;
        }
        // The one that is silent for the longest time stands first.
        live_.splice(live_.end(), live_, at->second);
        if (!(*at->second)->take(packet, found, budget_)) {
            ++capture_.duplicates;
        }
    }

    void take(const IcmpPacket& packet, const Found& found) {
        const auto at = table_.find(ends_of(packet.report.flow.local, packet.report.flow.remote));
        if (at == table_.end()) {
            ++capture_.other;
            return;
        }
        (*at->second)->take(packet, found, budget_);
    }

    [[nodiscard]] Live::iterator begin(const TcpPacket& packet, const Found& found,
                                       std::uint16_t vlan) {
        if (capture_.conversations.size() + live_.size() >= options_.most_conversations) {
            return live_.end();
        }
        if (live_.size() >= options_.most_at_once) {
            early_ += live_.front()->over() ? 0 : 1;
            retire(live_.begin());
        }
        auto tracker = std::make_unique<Tracker>(++last_number_, packet, found, vlan);
        const Conversation& told = tracker->conversation();
        tracker->set_attempt(attempt_of(told));
        const Keep& keep = options_.keep;
        tracker->keep_segments(keep.all || (keep.peer && fits(*keep.peer, told.server())) ||
                               std::find(keep.numbers.begin(), keep.numbers.end(), told.number) !=
                                   keep.numbers.end());
        live_.push_back(std::move(tracker));
        return std::prev(live_.end());
    }

    /// Of clients beyond the bound each attempt is the first.
    [[nodiscard]] std::uint32_t attempt_of(const Conversation& told) {
        const wire::Flow key = attempts_key(told);
        const auto at = attempts_.find(key);
        if (at != attempts_.end()) {
            return ++at->second;
        }
        if (attempts_.size() < options_.most_conversations) {
            attempts_.emplace(key, 1);
        }
        return 1;
    }

    void retire(Live::iterator which) {
        const Conversation& told = (*which)->conversation();
        table_.erase(ends_of(told.client(), told.server()));
        Conversation finished = (*which)->finish(capture_.length, options_.from);
        live_.erase(which);
        if (!options_.only || fits(*options_.only, finished.client()) ||
            fits(*options_.only, finished.server())) {
            capture_.conversations.push_back(std::move(finished));
        }
    }

    void note(std::string sentence) { capture_.notes.push_back(std::move(sentence)); }
    void write_notes();

    packets::CaptureFile& file_;
    const ReadOptions& options_;
    Budget budget_;
    Capture capture_;
    PacketOpener opener_;
    Live live_;
    // Whoever makes a capture chooses the addresses and ports in it: in a tree they cannot collide.
    std::map<wire::Flow, Live::iterator> table_;
    std::map<wire::Flow, std::uint32_t> attempts_;
    Clock clock_;
    std::uint32_t last_number_ = 0;
    std::uint64_t headless_ = 0;
    std::uint64_t early_ = 0;
};

void Reading::write_notes() {
    const auto packets = [](std::uint64_t count) {
        return fmt::format("{} packet{}", count, count == 1 ? "" : "s");
    };
    if (!file_.failure().empty()) {
        note(
            fmt::format("The file cannot be read beyond packet {} ({}): it is cut short or "
                        "damaged. What stands before is told.",
                        capture_.packets, file_.failure()));
    }
    if (capture_.tcp_packets == 0 && headless_ == 0) {
        note(fmt::format("There is no TCP in it: {}, none of them TCP over IPv4 or IPv6.",
                         packets(capture_.packets)));
    }
    if (capture_.cut > 0) {
        note(
            fmt::format("{} of {} cut by the capture's snap length: what they said is known in "
                        "part. 'tcpdump -s 0' takes all of it.",
                        packets(capture_.cut), capture_.packets));
    }
    if (headless_ > 0) {
        note(fmt::format("{} cut before the end of the TCP header: they are left out.",
                         packets(headless_)));
    }
    if (capture_.duplicates > 0) {
        note(
            fmt::format("{} captured twice, on two interfaces or by a mirror of two ports: each is "
                        "counted once.",
                        packets(capture_.duplicates)));
    }
    if (capture_.malformed > 0) {
        note(fmt::format("{} malformed: no IP packet, or no TCP header, is in them.",
                         packets(capture_.malformed)));
    }
    if (capture_.with_signature > 0) {
        note(fmt::format("{} signed with a key (RFC 2385), which is not read.",
                         packets(capture_.with_signature)));
    }
    if (clock_.out_of_order() > 0) {
        note(
            fmt::format("{} earlier than the one before. 'reordercap' (Wireshark) puts a capture "
                        "in order.",
                        packets(clock_.out_of_order())));
    }
    if (clock_.set() > 0) {
        note(fmt::format(
            "The clock was set {} while this was captured, back or by years, or packets stand out "
            "of order: what comes behind is told as if no time had passed there. Where it is the "
            "order, 'reordercap' (Wireshark) mends it.",
            clock_.set() == 1 ? std::string("once") : fmt::format("{} times", clock_.set())));
    }
    if (early_ > 0) {
        note(
            fmt::format("More than {} conversations at one time: {} that were silent were given "
                        "up, and count as new ones where they go on. Cut the capture into pieces "
                        "('editcap -i 60').",
                        options_.most_at_once, early_));
    }
    if (capture_.not_listed > 0) {
        note(
            fmt::format("More than {} conversations: {} of others are left out. Take those that "
                        "matter out of it ('tcpdump -r FILE -w new.pcap host ADDRESS').",
                        options_.most_conversations, packets(capture_.not_listed)));
    }
}

}  // namespace

Capture read_capture(packets::CaptureFile& file, const ReadOptions& options) {
    return Reading(file, options).read();
}

}  // namespace ghostpeer::capture
