#include "learn/spoken.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

namespace ghostpeer::learn {

using namespace std::chrono_literals;
using capture::Segment;
using wire::Flags;

namespace {

constexpr std::uint64_t most_said = std::uint64_t{64} * 1024 * 1024;  // bytes of one side
constexpr Duration at_once = 3ms;
constexpr Duration no_thought = 8ms;     // a busy machine takes as long
constexpr std::size_t most_pieces = 12;  // more says than that in a row are an accident
constexpr std::size_t most_steps = 400;

/// Payload of the peer that had not been said before.
struct Piece {
    std::int64_t place = 0;
    std::uint64_t length = 0;
    Duration at{};
    std::int64_t heard = 0;  ///< what the peer had of the program: its ack
    std::uint64_t packet = 0;
    bool clocked = false;  ///< an ACK of the program let it go
    [[nodiscard]] std::int64_t end() const noexcept {
        return place + static_cast<std::int64_t>(length);
    }
};

class Listener {
  public:
    Listener(const Scene& scene, bool strict)
        : scene_(scene),
          strict_(strict),
          peer_(stream_of(scene, true)),
          program_(stream_of(scene, false)) {}

    Spoken listen() {
        find_ends();
        for (const Segment& act : scene_.acts) {
            if (!scene_.by_peer(act) && !act.flags.has(Flags::rst)) {
                program_sent_ = std::max(program_sent_, end_place(act));
            }
        }
        find_pieces();
        said_until_ = established_;
        for (std::size_t from = 0; from < pieces_.size() && out_.script.size() < most_steps;) {
            const std::size_t to = utterance(from);
            say(from, to);
            from = to;
        }
        finish();
        return std::move(out_);
    }

  private:
    void find_pieces() {
        std::int64_t highest = 1;
        Duration last_program{};
        for (const Segment& act : scene_.acts) {
            if (!scene_.by_peer(act)) {
                last_program = act.at;
                // A peer that dials is connected with the SYN-ACK.
                if (act.flags.has(Flags::syn) == dials() && established_ < Duration{}) {
                    established_ = act.at;
                }
                continue;
            }
            const std::int64_t begin = std::max(act.place, highest);
            const std::int64_t end = act.place + static_cast<std::int64_t>(act.length);
            // What lies far off or behind its FIN, acknowledges what nobody sent, or has URG, is no
            // part of the stream, but forged.
            if (act.length == 0 || act.flags.has(Flags::syn) || act.flags.has(Flags::urg) ||
                end <= highest || act.place > most_of_peer() || is_behind_fin(act) ||
                act.ack_place > program_sent_) {
                continue;
            }
            Piece piece{begin,      static_cast<std::uint64_t>(end - begin),
                        act.at,     act.ack_place,
                        act.packet, act.at - last_program <= scene_.rtt + at_once};
            pieces_.push_back(piece);
            highest = end;
        }
        if (established_ < Duration{}) {
            established_ = scene_.rtt;
        }
    }

    [[nodiscard]] bool is_behind_fin(const Segment& act) const {
        return peer_fin_ != nullptr &&
               act.place > peer_fin_->place + static_cast<std::int64_t>(peer_fin_->length);
    }
    [[nodiscard]] bool dials() const { return scene_.by_peer(scene_.acts.front()); }
    [[nodiscard]] std::int64_t most_of_peer() const {
        return static_cast<std::int64_t>(peer_.bytes.size()) + 1;
    }

    void find_ends() {
        for (const Segment& act : scene_.acts) {
            if (!act.flags.has(Flags::fin) || act.flags.has(Flags::syn)) {
                continue;
            }
            auto& fin = scene_.by_peer(act) ? peer_fin_ : program_fin_;
            if (!fin) {
                fin = &act;
            }
        }
    }

    /// The first piece that belongs to another utterance than `from`.
    [[nodiscard]] std::size_t utterance(std::size_t from) const {
        std::size_t to = from + 1;
        for (; to < pieces_.size(); ++to) {
            const Piece& one = pieces_[to];
            const Piece& before = pieces_[to - 1];
            const bool bulk = one.clocked && before.length >= 500;
            if (one.heard > pieces_[from].heard && !bulk) {
                break;
            }
            if (one.at - before.at > at_once && !bulk) {
                break;
            }
        }
        if (to == from + 1) {
            return drip(from);
        }
        return to;
    }

    /// Equal pieces at equal distances: one utterance that takes its time.
    [[nodiscard]] std::size_t drip(std::size_t from) const {
        std::size_t to = from + 1;
        if (to >= pieces_.size()) {
            return to;
        }
        const Duration gap = pieces_[to].at - pieces_[from].at;
        for (; to < pieces_.size(); ++to) {
            const Duration one = pieces_[to].at - pieces_[to - 1].at;
            const Duration off = one > gap ? one - gap : gap - one;
            const bool shorter =
                to + 1 == pieces_.size() && pieces_[to].length <= pieces_[from].length;
            if (off > gap / 10 || pieces_[to].heard != pieces_[from].heard ||
                (pieces_[to].length != pieces_[from].length && !shorter)) {
                break;
            }
        }
        return to - from >= 4 ? to : from + 1;
    }

    /// When the program's byte before `heard` came, as the program saw it.
    [[nodiscard]] Duration arrival(std::int64_t heard, Duration before) const {
        Duration at = established_;
        for (const Segment& act : scene_.acts) {
            if (act.at > before) {
                break;
            }
            if (!scene_.by_peer(act) && occupied(act) > 0 && !act.flags.has(Flags::syn) &&
                act.place < heard && end_place(act) >= heard && act.at + scene_.rtt / 2 <= before) {
                at = act.at;
            }
        }
        return at;
    }

    /// Waits for what the peer has heard meanwhile, and then as long as it thought.
    void lead_to(std::int64_t heard, Duration at, std::uint64_t packet) {
        const std::int64_t fin =
            program_fin_ != nullptr
                ? program_fin_->place + static_cast<std::int64_t>(program_fin_->length)
                : INT64_MAX;
        const std::int64_t until = std::min(heard, fin);
        Duration since = said_until_;
        if (until > heard_) {
            const auto from = static_cast<std::uint64_t>(heard_ - 1);
            const auto to = static_cast<std::uint64_t>(until - 1);
            since = std::max(arrival(until, at) + scene_.rtt, since);
            wait_for(from, to, packet);
            heard_ = until;
        } else if (out_.script.empty()) {
            since += scene_.rtt;
        }
        const Duration thought = at - since;
        if (thought > std::max<Duration>(no_thought, scene_.rtt / 4)) {
            Step step;
            step.kind = Step::Kind::pause;
            step.value = rounded(thought);
            out_.script.push_back(std::move(step));
        }
    }

    void wait_for(std::uint64_t from, std::uint64_t to, std::uint64_t packet) {
        wire::Bytes bytes;
        if (program_.whole(from, to)) {
            bytes.assign(program_.bytes.begin() + static_cast<std::ptrdiff_t>(from),
                         program_.bytes.begin() + static_cast<std::ptrdiff_t>(to));
        } else {
            out_.remarks.push_back(fmt::format(
                "Packet {}: of what the program had said before, bytes {} to {}, not all is in "
                "the capture; the profile counts them.",
                packet, from + 1, to));
        }
        auto steps = awaited(bytes, to - from, strict_);
        out_.script.insert(out_.script.end(), steps.begin(), steps.end());
    }

    Step saying(std::size_t first, std::size_t last) {
        Step step;
        const auto from = static_cast<std::uint64_t>(pieces_[first].place - 1);
        const auto to = static_cast<std::uint64_t>(pieces_[last].end() - 1);
        step.length = to - from;
        step.packet = pieces_[first].packet;
        if (peer_.whole(from, to)) {
            step.bytes = std::make_shared<const wire::Bytes>(
                peer_.bytes.begin() + static_cast<std::ptrdiff_t>(from),
                peer_.bytes.begin() + static_cast<std::ptrdiff_t>(to));
        } else {
            out_.remarks.push_back(fmt::format(
                "Packet {}: of what the peer said, bytes {} to {}, not all is in the capture; "
                "the profile says as many made-up ones.",
                step.packet, from + 1, to));
        }
        return step;
    }

    void say(std::size_t from, std::size_t to) {
        lead_to(pieces_[from].heard, pieces_[from].at, pieces_[from].packet);
        const std::size_t count = to - from;
        const std::uint64_t first = pieces_[from].length;
        const Piece& last = pieces_[to - 1];
        bool equal = true;
        bool large = true;
        for (std::size_t i = from; i + 1 < to; ++i) {
            equal = equal && pieces_[i].length == first;
            large = large && pieces_[i].length >= 500;
        }
        equal = equal && last.length <= first;
        const Duration spread = last.at - pieces_[from].at;
        if (count > 3 && equal && spread > at_once * count) {
            Step step = saying(from, to - 1);
            step.pieces = static_cast<std::uint32_t>(first);
            const double seconds = to_seconds(spread) / static_cast<double>(count - 1);
            step.rate = std::max<std::uint64_t>(
                1, static_cast<std::uint64_t>(std::llround(static_cast<double>(first) / seconds)));
            out_.script.push_back(std::move(step));
            out_.nagle_off = true;
        } else if (count == 1 || large || count > most_pieces * 20 ||
                   (!equal && count > most_pieces)) {
            out_.script.push_back(saying(from, to - 1));
        } else if (equal) {
            Step step = saying(from, to - 1);
            step.pieces = static_cast<std::uint32_t>(first);
            out_.script.push_back(std::move(step));
            out_.nagle_off = true;
        } else {
            for (std::size_t i = from; i < to; ++i) {
                out_.script.push_back(saying(i, i));
            }
            out_.nagle_off = true;
        }
        said_until_ = last.at;
        if (count == 1 && from > 0 && first < 500) {
            out_.nagle_off = out_.nagle_off || !acknowledged_between(from - 1, from);
        }
    }

    /// Had the program acknowledged the piece before when the next one came?
    [[nodiscard]] bool acknowledged_between(std::size_t one, std::size_t next) const {
        return std::ranges::any_of(scene_.acts, [&](const Segment& act) {
            return !scene_.by_peer(act) && act.flags.has(Flags::ack) &&
                   act.at <= pieces_[next].at && act.ack_place >= pieces_[one].end();
        });
    }

    void finish() {
        if (peer_fin_ == nullptr) {
            // Its ACK came, and nothing else: the service keeps the connection.
            out_.keep_open = program_fin_ != nullptr &&
                             std::ranges::any_of(scene_.acts, [&](const Segment& act) {
                                 return scene_.by_peer(act) && !act.flags.has(Flags::rst) &&
                                        act.flags.has(Flags::ack) &&
                                        act.ack_place >= end_place(*program_fin_);
                             });
            return;
        }
        const bool answers =
            program_fin_ != nullptr && peer_fin_->ack_place >= end_place(*program_fin_);
        if (!answers) {
            lead_to(peer_fin_->ack_place, peer_fin_->at, peer_fin_->packet);
            const bool still_reads = std::ranges::any_of(scene_.acts, [&](const Segment& act) {
                return scene_.by_peer(act) && act.at > peer_fin_->at &&
                       !act.flags.has(Flags::rst) && act.flags.has(Flags::ack) &&
                       act.ack_place > peer_fin_->ack_place + (program_fin_ != nullptr ? 1 : 0);
            });
            Step step;
            step.kind = still_reads ? Step::Kind::shutdown : Step::Kind::close;
            step.packet = peer_fin_->packet;
            out_.script.push_back(std::move(step));
            return;
        }
        const Duration thought =
            peer_fin_->at - arrival(end_place(*program_fin_), peer_fin_->at) - scene_.rtt;
        if (thought > std::max<Duration>(20ms, scene_.rtt / 4)) {
            out_.keep_open = true;
            Rule rule;
            rule.on = "receive fin";
            rule.filters = {{"first", "1"}, {"after", rounded(thought)}};
            rule.actions = {"close"};
            rule.comment = fmt::format("{}: the peer's own FIN",
                                       place_of(scene_, peer_fin_->packet, peer_fin_->at));
            out_.rules.push_back(std::move(rule));
        }
    }

    const Scene& scene_;
    bool strict_;
    Stream peer_;
    Stream program_;
    std::vector<Piece> pieces_;
    const Segment* peer_fin_ = nullptr;
    const Segment* program_fin_ = nullptr;
    Duration established_ = -1ns;
    Duration said_until_{};
    std::int64_t heard_ = 1;
    std::int64_t program_sent_ = 1;  ///< its numbers say so, also where its bytes are not there
    Spoken out_;
};

}  // namespace

Spoken spoken(const Scene& scene, bool strict) { return Listener(scene, strict).listen(); }

bool Stream::whole(std::uint64_t from, std::uint64_t to) const noexcept {
    return to <= bytes.size() && std::ranges::none_of(gaps, [&](const auto& gap) {
               return gap.first < to && gap.second > from;
           });
}

Stream stream_of(const Scene& scene, bool of_peer) {
    Stream stream;
    struct Part {
        std::uint64_t from;
        const Segment* act;
    };
    std::vector<Part> parts;
    std::int64_t acked = 0;
    for (const Segment& act : scene.acts) {
        if (scene.by_peer(act) != of_peer) {
            if (act.flags.has(Flags::ack) && !act.flags.has(Flags::rst)) {
                acked = std::max(acked, act.ack_place);
            }
            continue;
        }
        if (act.length > 0 && !act.flags.has(Flags::syn) && act.place >= 1 &&
            act.place <= static_cast<std::int64_t>(most_said)) {
            parts.push_back({static_cast<std::uint64_t>(act.place - 1), &act});
        }
    }
    std::ranges::stable_sort(parts, {}, &Part::from);
    for (const Part& part : parts) {
        const std::uint64_t at = stream.bytes.size();
        const std::uint64_t end = part.from + part.act->length;
        if (end <= at) {
            continue;
        }
        if (part.from > at) {
            // Bytes that nobody has seen: if they were acknowledged, the capture lost them.
            if (acked <= static_cast<std::int64_t>(at) + 1 || part.from > most_said) {
                break;
            }
            stream.gaps.emplace_back(at, part.from);
            stream.bytes.resize(part.from);
        }
        const std::uint64_t skip = stream.bytes.size() - part.from;
        const auto& payload = part.act->payload;
        if (skip < payload.size()) {
            stream.bytes.insert(stream.bytes.end(),
                                payload.begin() + static_cast<std::ptrdiff_t>(skip), payload.end());
        }
        if (stream.bytes.size() < end) {
            stream.gaps.emplace_back(stream.bytes.size(), end);
            stream.bytes.resize(end);
        }
    }
    return stream;
}

std::string place_of(const Scene& scene, std::uint64_t packet, Duration at) {
    return packet == 0 ? std::string("made up")
                       : fmt::format("packet {}, {:.3f} s", packet,
                                     to_seconds(std::max(at + scene.shift, Duration{})));
}

}  // namespace ghostpeer::learn
