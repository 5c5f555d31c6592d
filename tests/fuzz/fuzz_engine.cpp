// A profile and a conversation: whatever both say, the engine neither crashes nor hangs nor grows.
// One without rules keeps to what RFC 9293 has every TCP do (oracle.hpp), and answers no answer for
// ever.
//
// The input is a profile's text, a zero byte, and steps of a conversation: a byte that says which,
// then its operands (what is missing is zero). Segments have numbers near those that the peer used
// last, since a fuzzer does not guess 32 bits.
#include "fuzz/oracle.hpp"
#include "ghostpeer/peer/engine.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "ghostpeer/wire/codec.hpp"
#include "ghostpeer/wire/icmp.hpp"
#include "judge/judge.hpp"
#include "packets/packets.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

using namespace ghostpeer;

namespace {

constexpr std::size_t most_connections = 32;
constexpr std::size_t most_memory = 256 * 1024;
constexpr std::size_t largest_packet = 65'535;
constexpr std::uint32_t most_copies = 8;  // a thousand are allowed, and take their time
constexpr int most_turns_at_an_instant = 20'000;
constexpr int most_answers_to_answers = 1'000;

/// What the harness holds the engine to.
void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

class Input {
  public:
    explicit Input(std::string_view bytes) : bytes_(bytes) {}
    [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
    std::uint8_t byte() noexcept {
        if (bytes_.empty()) {
            return 0;
        }
        const auto first = static_cast<std::uint8_t>(bytes_.front());
        bytes_.remove_prefix(1);
        return first;
    }
    std::uint16_t word() noexcept {
        const std::uint8_t high = byte();
        return static_cast<std::uint16_t>(high << 8 | byte());
    }
    std::string_view take(std::size_t size) noexcept {
        const auto taken = bytes_.substr(0, size);
        bytes_.remove_prefix(taken.size());
        return taken;
    }

  private:
    std::string_view bytes_;
};

[[nodiscard]] bool is_quick(const profile::Profile& profile) {
    return std::all_of(profile.rules.begin(), profile.rules.end(), [](const profile::Rule& rule) {
        return std::all_of(rule.actions.begin(), rule.actions.end(), [](const auto& action) {
            const auto* duplicate = std::get_if<profile::Duplicate>(&action);
            return duplicate == nullptr || duplicate->copies <= most_copies;
        });
    });
}

/// Without rules it is the peer of an honest host; what a script says is no TCP.
[[nodiscard]] bool is_honest(const profile::Profile& profile) {
    return profile.rules.empty() && !profile.link;
}

class Conversation {
  public:
    explicit Conversation(const std::shared_ptr<const profile::Profile>& profile)
        : honest_(is_honest(*profile)), engine_(settings(), {peer::PeerSpec{{}, {}, profile}}) {}

    void step(Input& input) {
        switch (input.byte() % 9) {
            case 0: pass(std::chrono::microseconds(input.word())); break;
            case 1: pass(std::chrono::milliseconds(input.word())); break;
            case 2: pass(std::chrono::seconds(input.word())); break;
            case 3: {
                const auto bytes = input.take(input.byte());
                arrives(wire::Bytes(bytes.begin(), bytes.end()));
                break;
            }
            case 4: engine_.fire("x", now_); break;
            case 5: tell_of_socket(input); break;
            case 6: dial(input.byte()); break;
            case 8: complain(input); break;
            default: arrives(wire::encode(segment(input))); break;
        }
        collect();
        require(engine_.live_connections() <= most_connections);
        require(engine_.remembered_connections() <= most_connections);
    }

    void finish() {
        pass(std::chrono::seconds(1));
        if (honest_) {
            require(comes_to_rest());
        }
        judge_.record({now_, 0, 0, event::Sockets{true, {}}});
        engine_.conclude(now_);
        engine_.sum_up(now_);
        collect();
        judge_.record({now_, 0, 0, std::make_shared<const event::End>()});
        for (const auto& one : judge_.summary().profiles) {
            require(one.rules.size() == one.profile->rules.size());
            require(one.expectations.empty() ||
                    one.expectations.size() == one.profile->expect.size());
        }
        require(!judge_.verdict().headline.empty());
    }

  private:
    /// For a profile with `role: client`; with `source_port: 80` its segments meet those that come.
    void dial(std::uint8_t which) {
        const auto port = static_cast<std::uint16_t>(1000 + which % 4);
        engine_.dial({0,
                      *wire::IpAddress::parse("198.18.0.2"),
                      {*wire::IpAddress::parse("198.18.0.1"), port}},
                     now_);
    }

    struct Numbers {
        wire::SeqNum seq;  ///< what the peer expects
        wire::SeqNum ack;  ///< what it sent last
    };

    static peer::Settings settings() {
        peer::Settings settings;
        settings.max_connections = most_connections;
        settings.packets = &packets::library();
        settings.max_buffered = 64 * 1024;
        settings.max_attempt_records = 100;
        settings.max_memory = most_memory;
        settings.verify_checksums = false;
        return settings;
    }

    wire::Segment segment(Input& input) {
        wire::Segment made;
        const std::uint8_t which = input.byte();
        const auto port = static_cast<std::uint16_t>(1000 + which % 4);
        const bool v6 = (which & 0x80U) != 0;
        const auto address = [v6](const char* four, const char* six) {
            return *wire::IpAddress::parse(v6 ? six : four);
        };
        made.source = {address("198.18.0.1", "2001:2::1"), port};
        made.destination = {address("198.18.0.2", "2001:2::2"), 80};
        made.flags.bits = input.byte();
        const Numbers& known = numbers_[which % 4U];
        made.seq = known.seq + static_cast<std::uint32_t>(static_cast<std::int16_t>(input.word()));
        made.ack = known.ack + static_cast<std::uint32_t>(static_cast<std::int16_t>(input.word()));
        made.window = input.word();
        const std::uint8_t options = input.byte();
        if ((options & 1U) != 0) {
            made.options.mss = input.word();
        }
        if ((options & 2U) != 0) {
            made.options.window_scale = input.byte();
        }
        made.options.sack_permitted = (options & 4U) != 0;
        if ((options & 8U) != 0) {
            made.options.timestamps = {input.word(), input.word()};
        }
        if ((options & 16U) != 0) {
            const auto left = made.ack + input.word();
            made.options.sack.push_back({left, left + input.word()});
        }
        const std::uint16_t size = input.word();
        if ((size & 0x8000U) != 0) {
            // What a script or a rule may wait for.
            const auto said = input.take(size & 0x1ffU);
            made.payload.assign(said.begin(), said.end());
        } else {
            made.payload.assign(std::min<std::size_t>(size, 4000), 'x');
        }
        return made;
    }

    /// The kernel's view of one of the program's sockets.
    void tell_of_socket(Input& input) {
        const std::uint8_t which = input.byte();
        constexpr std::array<std::string_view, 11> states{
            "ESTAB",      "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
            "CLOSE-WAIT", "LAST-ACK", "CLOSING",  "LISTEN",     "?"};
        event::Socket socket;
        socket.dst = {*wire::IpAddress::parse("198.18.0.2"), 80};
        socket.src = {*wire::IpAddress::parse("198.18.0.1"),
                      static_cast<std::uint16_t>(1000 + which % 4)};
        socket.last_state = states.at(which / 4U % states.size());
        socket.state = (which & 0x80U) != 0 ? event::gone : socket.last_state;
        socket.last_seen = now_;
        if ((which & 0x40U) != 0) {
            socket.timer = event::SocketTimer::on;
            socket.expires = std::chrono::milliseconds(input.word());
            socket.due = now_ + socket.expires;
        }
        const std::uint8_t counted = input.byte();
        if ((counted & 1U) != 0) {
            socket.aborts_before = counted / 64U;
            socket.aborts = counted / 16U;
        }
        if ((counted & 2U) != 0) {
            if ((counted & 4U) != 0) {
                socket.dst.port = 0;
            }
            socket.state = event::destroyed;
            socket.retried = (counted & 8U) != 0;
        }
        judge_.record({now_, 0, 0, socket});
    }

    /// An ICMP error about the last segment of a flow, perhaps with another number.
    void complain(Input& input) {
        const std::uint8_t which = input.byte();
        wire::Segment quoted = last_[which % 4U];
        quoted.seq += static_cast<std::uint32_t>(static_cast<std::int8_t>(input.byte()));
        const auto kind = static_cast<wire::IcmpKind>(which / 4U % 6U);
        if (const auto error = packets::icmp_error({kind, input.word()}, wire::encode(quoted))) {
            arrives(*error);
        }
    }

    void arrives(const wire::Bytes& packet) {
        engine_.expect(packet);
        engine_.on_packet(packet, now_, packet.size() % 2 == 0);  // bursts and single ones
    }

    /// Through every deadline, as the run loop does it.
    void pass(Duration length) {
        const Instant until = now_ + length;
        int turns = 0;
        for (int deadlines = 0; deadlines < 2000; ++deadlines) {
            const auto next = engine_.next_deadline();
            if (!next || *next > until) {
                now_ = until;
                break;
            }
            turns = *next <= now_ ? turns + 1 : 0;
            require(turns < most_turns_at_an_instant);
            now_ = std::max(now_, *next);
            engine_.on_time(now_);
            collect();
        }
        engine_.on_time(now_);
    }

    /// Whatever it says comes back to it, as if the program said so: at one instant that ends.
    [[nodiscard]] bool comes_to_rest() {
        for (int answers = 0; answers < most_answers_to_answers; ++answers) {
            std::vector<wire::Segment> said;
            for (const peer::Emission& emission : emissions_) {
                auto decoded = wire::decode(emission.packet, {.verify_checksums = false});
                if (auto* const segment = std::get_if<wire::Segment>(&decoded)) {
                    said.push_back(std::move(*segment));
                }
            }
            if (said.empty()) {
                return true;
            }
            for (wire::Segment& segment : said) {
                std::swap(segment.source, segment.destination);
                arrives(wire::encode(segment));
            }
            collect();
        }
        return false;
    }

    void collect() {
        emissions_.clear();
        engine_.take_packets(emissions_);
        for (const peer::Emission& emission : emissions_) {
            const auto decoded = wire::decode(emission.packet, {.verify_checksums = false});
            if (const auto* sent = std::get_if<wire::Segment>(&decoded)) {
                Numbers& known = numbers_[sent->destination.port % 4U];
                known.ack = sent->end();
                known.seq = sent->ack;
                last_[sent->destination.port % 4U] = *sent;
                if (honest_) {
                    require(oracle_.leaves(*sent).empty());
                }
            }
        }
        refuse_some();
        events_.clear();
        engine_.take_events(events_);
        for (const event::Event& event : events_) {
            require(event.id > 0 && event.cause < event.id && event.of < event.id);
            judge_.record(event);
        }
        // Each connection has a share of its own, and what was in order when the limit came.
        require(engine_.memory_held() <=
                most_memory + most_connections * (2 * tcp::MemoryBudget::share + largest_packet));
    }

    /// The link refuses a packet now and then, which the record has to tell.
    void refuse_some() {
        constexpr std::size_t every = 7;
        for (const peer::Emission& emission : emissions_) {
            if (++sent_ % every == 0) {
                const auto before = engine_.counters().undelivered;
                engine_.undelivered(emission, now_);
                require(engine_.counters().undelivered == before + 1);
            }
        }
    }

    bool honest_;
    fuzzing::Oracle oracle_;
    peer::Engine engine_;
    judge::Judge judge_;
    Instant now_ = run_start;
    std::array<Numbers, 4> numbers_{};
    std::array<wire::Segment, 4> last_{};
    std::vector<peer::Emission> emissions_;
    std::size_t sent_ = 0;
    std::vector<event::Event> events_;
};

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const std::size_t end = std::min(all.find('\0'), all.size());
    const auto loaded = profile::load_text(all.substr(0, end), "fuzz.yaml", {});
    if (!loaded.profile || !is_quick(*loaded.profile)) {
        return -1;  // the loader has a fuzzer of its own; not worth keeping here
    }
    Input steps(all.substr(std::min(end + 1, all.size())));
    Conversation conversation(loaded.profile);
    for (int i = 0; i < 256 && !steps.empty(); ++i) {
        conversation.step(steps);
    }
    conversation.finish();
    return 0;
}
