// A scripted other side for one Tcb, in virtual time. Numbers are relative, as in tcpdump: 0 is
// the SYN, 1 the first byte. Both initial numbers stand just before the wrap.
#pragma once

#include "ghostpeer/tcp/classify.hpp"
#include "ghostpeer/tcp/tcb.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::tcp {
inline std::ostream& operator<<(std::ostream& os, State state) { return os << rfc_name(state); }
inline std::ostream& operator<<(std::ostream& os, Reason reason) { return os << name(reason); }
inline std::ostream& operator<<(std::ostream& os, Kind kind) { return os << name(kind); }
}  // namespace ghostpeer::tcp

namespace ghostpeer::test {

using namespace std::chrono_literals;
using tcp::Reason;
using tcp::State;
using wire::Flags;
using wire::Segment;
using wire::SeqNum;

inline constexpr std::uint8_t ack_bit = Flags::ack;
inline constexpr std::uint8_t syn_bit = Flags::syn;
inline constexpr std::uint8_t fin_bit = Flags::fin;
inline constexpr std::uint8_t rst_bit = Flags::rst;
inline constexpr std::uint8_t psh_bit = Flags::psh;

using Blocks = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

/// A segment of the other side; what is not named has the value an ordinary one has.
struct In {
    std::uint32_t seq = 1;
    std::uint32_t ack = 1;
    std::uint8_t flags = ack_bit;
    std::string text{};
    std::uint16_t window = 64240;
    std::optional<std::uint32_t> tsval{};
    std::uint32_t tsecr = 0;
    Blocks sack{};
    std::optional<std::uint16_t> mss{};
    std::optional<std::uint8_t> window_scale{};
    bool sack_permitted = false;
    std::uint8_t tos = 0;
    std::uint16_t urgent = 0;
};

/// What is asked of a segment that leaves; what is not named does not matter.
struct Want {
    std::optional<std::uint32_t> seq{};
    std::optional<std::uint32_t> ack{};
    std::optional<std::uint8_t> flags{};
    std::optional<std::string> text{};
    std::optional<std::size_t> length{};
    std::optional<std::uint16_t> window{};
    std::optional<bool> again{};
    std::optional<Blocks> sack{};
    std::optional<std::uint32_t> tsval{};
    std::optional<std::uint32_t> tsecr{};
};

inline std::string text_of(std::span<const std::uint8_t> bytes) {
    return {bytes.begin(), bytes.end()};
}

/// The line of the test that asks.
struct Here {
    const char* file;
    int line;
    static Here current(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
        return {file, line};
    }
};

class Conversation {
  public:
    explicit Conversation(tcp::Config with = {}) : config(std::move(with)) {}
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;

    tcp::Config config;
    tcp::Tcb::Environment environment{our_iss, 7000, 1460};
    tcp::Tcb tcb;
    Instant now = run_start + 10s;
    bool reads = true;               ///< the application takes what comes
    std::string received;            ///< what it took
    std::vector<State> states;       ///< entered and not yet asked for
    std::deque<tcp::Reply> replies;  ///< sent and not yet asked for

    static constexpr SeqNum our_iss{0xffff'fff0U};
    static constexpr SeqNum their_iss{0xffff'fffaU};

    // What the other side does ------------------------------------------------------------------

    [[nodiscard]] Segment build(const In& in) const {
        Segment segment;
        segment.seq = their_iss + in.seq;
        segment.ack = (in.flags & ack_bit) != 0 ? our_iss + in.ack : SeqNum{};
        segment.flags.bits = in.flags;
        segment.window = in.window;
        segment.payload.assign(in.text.begin(), in.text.end());
        if (in.tsval) {
            segment.options.timestamps = {*in.tsval, in.tsecr};
        }
        for (const auto& [left, right] : in.sack) {
            segment.options.sack.push_back({our_iss + left, our_iss + right});
        }
        segment.options.mss = in.mss;
        segment.options.window_scale = in.window_scale;
        segment.options.sack_permitted = in.sack_permitted;
        segment.tos = in.tos;
        segment.urgent = in.urgent;
        return segment;
    }

    void open(const In& in) {
        const Segment syn = build(in);
        note("<", syn, "");
        tcb.open_passive(config, environment, syn, now, out_);
        collect();
        drive();
    }

    /// This end opens.
    void dials() {
        tcb.open_active(config, environment, now, out_);
        collect();
        drive();
    }

    /// The same, and the application writes at once.
    void dials_saying(const std::string& text) {
        tcb.open_active(config, environment, now, out_);
        collect();
        writes(text);
    }

    void gets(const In& in) {
        Segment segment = build(in);
        note("<", segment, "");
        tcb.on_segment(std::move(segment), now, out_);
        collect();
        drive();
    }

    // What the application does -----------------------------------------------------------------

    void writes(const std::string& text) {
        tcb.send({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
        drive();
    }
    void read_all() {
        take();
        drive();
    }
    void shuts_down() {
        tcb.shutdown(out_);
        collect();
        drive();
    }
    void closes() {
        tcb.close(now, out_);
        collect();
        drive();
    }
    void aborts() {
        tcb.abort(now, out_);
        collect();
        drive();
    }
    void offers(std::optional<std::uint32_t> window, bool announce) {
        tcb.set_window(window, announce);
        drive();
    }

    // Time --------------------------------------------------------------------------------------

    /// Goes on to `at`, through every deadline on the way.
    void until(Instant at) {
        while (const auto deadline = tcb.next_deadline()) {
            if (*deadline > at) {
                break;
            }
            now = std::max(now, *deadline);
            tcb.on_timer(now, out_);
            collect();
            drive();
        }
        now = at;
        tcb.on_timer(now, out_);
        collect();
        drive();
    }
    void passes(Duration time) { until(now + time); }
    /// Nothing leaves before `now + time`; goes on to that instant.
    void silent_for(Duration time, Here here = Here::current()) {
        silent(here);
        passes(time - 1us);
        silent(here);
        passes(1us);
    }

    // What must be seen -------------------------------------------------------------------------

    Segment sends(Reason reason, const Want& want = {}, Here here = Here::current()) {
        if (replies.empty()) {
            fail(here, "nothing was sent, but wanted: " + std::string(name(reason)));
            return {};
        }
        tcp::Reply reply = std::move(replies.front());
        replies.pop_front();
        const Segment& s = reply.segment;
        std::ostringstream wrong;
        const auto check = [&](std::string_view what, const auto& wanted, const auto& seen) {
            if (wanted && *wanted != seen) {
                wrong << what << ": wanted " << show(*wanted) << ", seen " << show(seen) << "; ";
            }
        };
        if (reply.reason != reason) {
            wrong << "reason: wanted " << name(reason) << ", seen " << name(reply.reason) << "; ";
        }
        check("seq", want.seq, forward_distance(our_iss, s.seq));
        check("ack", want.ack, forward_distance(their_iss, s.ack));
        check("flags", want.flags, s.flags.bits);
        check("text", want.text, text_of(s.payload));
        check("length", want.length, s.payload.size());
        check("window", want.window, s.window);
        check("again", want.again, reply.retransmission);
        Blocks blocks;
        for (const wire::SackBlock& block : s.options.sack) {
            blocks.emplace_back(forward_distance(their_iss, block.left),
                                forward_distance(their_iss, block.right));
        }
        check("sack", want.sack, blocks);
        const auto timestamps = s.options.timestamps.value_or(wire::Timestamps{});
        check("tsval", want.tsval, timestamps.value);
        check("tsecr", want.tsecr, timestamps.echo);
        if (!wrong.str().empty()) {
            fail(here, wrong.str());
        }
        return reply.segment;
    }

    void silent(Here here = Here::current()) {
        if (!replies.empty()) {
            fail(here, "wanted silence, seen " + std::string(name(replies.front().reason)));
            replies.clear();
        }
    }

    void enters(State state, Here here = Here::current()) {
        if (states.empty() || states.front() != state) {
            fail(here, "wanted to enter " + std::string(rfc_name(state)) + ", seen " +
                           (states.empty() ? "nothing" : std::string(rfc_name(states.front()))));
        }
        if (!states.empty()) {
            states.erase(states.begin());
        }
    }

    /// Lets the application read, the acknowledgement leave and the data follow.
    void drive() {
        if (reads) {
            take();
        }
        tcb.acknowledge(now, out_);
        collect();
        tcb.transmit(now, out_);
        collect();
    }

    [[nodiscard]] const std::string& transcript() const { return transcript_; }

  private:
    static std::string show(const std::string& text) {
        return text.size() < 40 ? '"' + text + '"' : std::to_string(text.size()) + " bytes";
    }
    static std::string show(const Blocks& blocks) {
        std::string text = "{";
        for (const auto& [left, right] : blocks) {
            text += std::to_string(left) + ":" + std::to_string(right) + " ";
        }
        return text + "}";
    }
    static std::string show(std::uint64_t number) { return std::to_string(number); }

    void take() {
        received += text_of(tcb.readable());
        tcb.consume(tcb.readable().size());
    }

    void note(const char* direction, const Segment& s, std::string_view reason) {
        const bool in = *direction == '<';
        std::ostringstream line;
        line << to_seconds(now) << ' ' << direction << " flags " << int{s.flags.bits} << " seq "
             << forward_distance(in ? their_iss : our_iss, s.seq) << " ack "
             << forward_distance(in ? our_iss : their_iss, s.ack) << " win " << s.window << " len "
             << s.payload.size() << ' ' << reason << '\n';
        transcript_ += line.str();
    }

    void collect() {
        for (const tcp::StateChange& change : out_.changes) {
            states.push_back(change.to);
            transcript_ += "  " + std::string(rfc_name(change.to)) + '\n';
        }
        for (tcp::Reply& reply : out_.replies) {
            note(">", reply.segment, name(reply.reason));
            replies.push_back(std::move(reply));
        }
        out_.clear();
    }

    void fail(const Here& here, const std::string& message) const {
        ADD_FAIL_CHECK_AT(here.file, here.line,
                          message << "\nthe conversation so far:\n"
                                  << transcript_);
    }

    tcp::Output out_;
    std::string transcript_;
};

// States -----------------------------------------------------------------------------------------

/// Options that a SYN may offer.
struct Offer {
    std::uint16_t window = 64240;
    std::optional<std::uint16_t> mss = 1460;
    std::optional<std::uint8_t> scale{};
    bool sack = false;
    std::optional<std::uint32_t> tsval{};
};

inline In syn(const Offer& offer = {}) {
    return {.seq = 0,
            .flags = syn_bit,
            .window = offer.window,
            .tsval = offer.tsval,
            .mss = offer.mss,
            .window_scale = offer.scale,
            .sack_permitted = offer.sack};
}

inline void syn_received(Conversation& c, const Offer& offer = {}) {
    c.open(syn(offer));
    c.enters(State::syn_received);
    c.sends(Reason::syn_ack);
}

inline In syn_ack(const Offer& offer = {}) {
    In in = syn(offer);
    in.flags = syn_bit | ack_bit;
    return in;
}

inline void syn_sent(Conversation& c) {
    c.dials();
    c.enters(State::syn_sent);
    c.sends(Reason::syn);
    c.silent();
}

/// As `established`, but this end has opened.
inline void connected(Conversation& c, const Offer& offer = {}) {
    syn_sent(c);
    c.gets(syn_ack(offer));
    c.enters(State::established);
    c.sends(Reason::handshake_ack, {.seq = 1, .ack = 1, .flags = ack_bit});
    c.silent();
}

/// Bytes 1 and up are the next in both directions. `window` is the field of the handshake's ACK.
inline void established(Conversation& c, const Offer& offer = {}) {
    syn_received(c, offer);
    c.gets({.window = offer.window, .tsval = offer.tsval});
    c.enters(State::established);
    c.silent();
}

/// Our FIN is byte 1, not acknowledged.
inline void fin_wait_1(Conversation& c, const Offer& offer = {}) {
    established(c, offer);
    c.shuts_down();
    c.enters(State::fin_wait_1);
    c.sends(Reason::fin, {.seq = 1, .ack = 1, .flags = fin_bit | ack_bit, .again = false});
    c.silent();
}

inline void fin_wait_2(Conversation& c, const Offer& offer = {}) {
    fin_wait_1(c, offer);
    c.gets({.seq = 1, .ack = 2});
    c.enters(State::fin_wait_2);
    c.silent();
}

/// Both FINs are byte 1.
inline void closing(Conversation& c, const Offer& offer = {}) {
    fin_wait_1(c, offer);
    c.gets({.seq = 1, .ack = 1, .flags = fin_bit | ack_bit});
    c.enters(State::closing);
    c.sends(Reason::ack_of_fin, {.seq = 2, .ack = 2});
    c.silent();
}

inline void time_wait(Conversation& c, const Offer& offer = {}) {
    fin_wait_2(c, offer);
    c.gets({.seq = 1, .ack = 2, .flags = fin_bit | ack_bit, .tsval = offer.tsval});
    c.enters(State::time_wait);
    c.sends(Reason::ack_of_fin, {.seq = 2, .ack = 2});
    c.silent();
}

/// Their FIN is byte 1.
inline void close_wait(Conversation& c, const Offer& offer = {}) {
    established(c, offer);
    c.gets({.seq = 1, .ack = 1, .flags = fin_bit | ack_bit});
    c.enters(State::close_wait);
    c.passes(0s);  // no data has come yet, so the ACK has nothing to wait for
    c.sends(Reason::ack_of_fin, {.seq = 1, .ack = 2, .flags = ack_bit});
    c.silent();
}

/// No quick ACKs at the beginning: each waits, as later on.
inline void slow_acks(Conversation& c) { c.config.quick_acks = 0; }

inline void last_ack(Conversation& c, const Offer& offer = {}) {
    close_wait(c, offer);
    c.shuts_down();
    c.enters(State::last_ack);
    c.sends(Reason::fin, {.seq = 1, .ack = 2, .flags = fin_bit | ack_bit});
    c.silent();
}

}  // namespace ghostpeer::test
