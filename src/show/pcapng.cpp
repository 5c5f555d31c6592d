#include "show/pcapng.hpp"

#include "event/text.hpp"
#include "show/capture_format.hpp"
#include "show/file_sink.hpp"

#include "ghostpeer/wire/codec.hpp"
#include "ghostpeer/wire/mangle.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <deque>
#include <span>
#include <string_view>
#include <utility>

namespace ghostpeer::show {
namespace {

constexpr std::size_t most_waiting = 4096;  ///< packets whose events have not come

enum class Interface : std::uint32_t { wire = 0, withheld = 1 };

/// One block: type, length, body, length again; in this machine's byte order, as the magic tells.
class Block {
  public:
    explicit Block(std::uint32_t type) {
        number(type);
        number(std::uint32_t{0});  // the length, once it is known
    }

    template <typename Number>
    void number(Number value) {
        const auto raw = std::bit_cast<std::array<char, sizeof(Number)>>(value);
        bytes_.append(raw.data(), raw.size());
    }
    /// Padded to a multiple of four.
    void padded(std::string_view bytes) {
        bytes_ += bytes;
        bytes_.append((4 - bytes.size() % 4) % 4, '\0');
    }
    void option(std::uint16_t code, std::string_view value) {
        constexpr std::size_t longest = 65'535;
        value = value.substr(0, longest);
        number(code);
        number(static_cast<std::uint16_t>(value.size()));
        padded(value);
    }
    [[nodiscard]] std::string_view end(bool has_options) {
        if (has_options) {
            number(std::uint32_t{0});
        }
        number(std::uint32_t{0});
        const auto length =
            std::bit_cast<std::array<char, 4>>(static_cast<std::uint32_t>(bytes_.size()));
        bytes_.replace(4, 4, length.data(), 4);
        bytes_.replace(bytes_.size() - 4, 4, length.data(), 4);
        return bytes_;
    }

  private:
    std::string bytes_;
};

std::string section(const CaptureOrigin& origin) {
    constexpr std::uint32_t type = 0x0a0d0d0a;
    constexpr std::uint32_t magic = 0x1a2b3c4d;
    constexpr std::uint16_t comment = 1;
    constexpr std::uint16_t application = 4;
    Block block(type);
    block.number(magic);
    block.number(std::uint16_t{1});
    block.number(std::uint16_t{0});
    block.number(std::int64_t{-1});  // as long as the file
    block.option(application, origin.program);
    block.option(comment, origin.comment);
    return std::string(block.end(true));
}

std::string interface(std::string_view name, std::string_view description) {
    constexpr std::uint32_t type = 1;
    constexpr std::uint16_t name_code = 2;
    constexpr std::uint16_t description_code = 3;
    constexpr std::uint16_t resolution_code = 9;
    Block block(type);
    block.number(static_cast<std::uint16_t>(link_type_raw));
    block.number(std::uint16_t{0});
    block.number(snapshot_length);
    block.option(name_code, name);
    block.option(description_code, description);
    block.option(resolution_code, "\x09");  // 10^-9 s
    return std::string(block.end(true));
}

struct Annotation {
    Interface interface = Interface::wire;
    std::string comment;  ///< empty: none
};

/// What became of a segment, in the words of the trace: `dropped by synack-lost:15`.
Annotation annotate(const event::Segment& segment, Instant at) {
    Annotation note;
    std::string fate;
    if (segment.on_the_way) {
        const bool lost = *segment.on_the_way != event::OnTheWay::copied;
        return {lost ? Interface::withheld : Interface::wire,
                std::string(event::sentence(*segment.on_the_way))};
    }
    switch (segment.fate) {
        case event::Fate::accepted:
        case event::Fate::sent: break;
        case event::Fate::dropped:
            note.interface = Interface::withheld;
            fate = "dropped";
            break;
        case event::Fate::delayed:
            note.interface = Interface::withheld;
            fate =
                segment.until ? "delayed " + event::format_length(*segment.until - at) : "delayed";
            break;
        case event::Fate::duplicated: fate = "extra copy"; break;
        case event::Fate::corrupted: fate = "corrupted"; break;
        case event::Fate::edited: fate = "changed"; break;
        case event::Fate::undelivered:
            note.interface = Interface::withheld;
            fate = "refused by the link";
            break;
    }
    if (segment.forgery && !segment.forgery->changes.empty()) {
        fate += fmt::format(" {}", fmt::join(segment.forgery->changes, ", "));
    }
    if (segment.queued > Duration::zero()) {
        fate += fmt::format("{}queued {}", fate.empty() ? "" : ", ",
                            event::format_length(segment.queued));
    }
    if (segment.rule) {
        const std::string place = event::format_place_short(*segment.rule);
        fate += (fate.empty() ? "by " : " by ") + place;
    }
    note.comment = std::move(fate);
    return note;
}

/// A fragment that is not its datagram's first.
[[nodiscard]] bool continues_datagram(std::span<const std::uint8_t> packet) {
    constexpr std::size_t v4_header = 20;
    constexpr std::size_t v6_headers = 48;
    constexpr std::uint8_t fragment_header = 44;
    if (packet.size() >= v4_header && packet[0] >> 4U == 4) {
        return (packet[6] & 0x1fU) != 0 || packet[7] != 0;
    }
    return packet.size() >= v6_headers && packet[6] == fragment_header &&
           (packet[42] != 0 || (packet[43] & 0xf8U) != 0);
}

class AnnotatedCapture final : public FileSink {
  public:
    AnnotatedCapture(OutputFile file, Duration epoch, const CaptureOrigin& origin)
        : FileSink(std::move(file)), epoch_(epoch) {
        output().write(section(origin));
        output().write(interface("wire", "what crossed the link to the program"));
        output().write(interface("withheld", "what was dropped, is delayed, or was refused"));
    }

    void record(const event::Event& event) override {
        if (const auto* packet = std::get_if<event::Packet>(&event.what)) {
            // Of fragments the first alone names the segment.
            const bool goes_on = packet->segment == 0 && continues_datagram(packet->bytes);
            const event::EventId segment = goes_on ? last_segment_ : packet->segment;
            last_segment_ = segment;
            add({event.at,
                 packet->direction,
                 segment,
                 segment == 0,
                 {packet->bytes.begin(), packet->bytes.end()},
                 {}});
        } else if (const auto* segment = std::get_if<event::Segment>(&event.what)) {
            take(event, *segment);
        } else if (const auto* icmp = std::get_if<event::Icmp>(&event.what)) {
            // One that was withheld has no packet.
            static_cast<void>(
                settle(event.id, {Interface::wire, "by " + event::format_place_short(icmp->rule)}));
        }
    }

    void flush() override {
        write_all();
        FileSink::flush();
    }
    void finish() override {
        write_all();
        FileSink::finish();
    }

  private:
    /// A packet, which waits for what is told of its segment.
    struct Waiting {
        Instant at{};
        event::Direction direction = event::Direction::in;
        event::EventId segment = 0;
        bool ready = false;
        wire::Bytes bytes;
        Annotation note;
    };

    void take(const event::Event& event, const event::Segment& segment) {
        Annotation note = annotate(segment, event.at);
        // What left has a packet, or is told again as refused.
        // What came by a link is there since it was sent.
        const bool by_link = segment.made != Instant{} && segment.made < event.at;
        const bool withheld_or_let_through =
            note.interface == Interface::withheld ||
            (segment.direction == event::Direction::in && !by_link);
        if (!settle(event.id, note) && withheld_or_let_through) {
            add({event.at, segment.direction, event.id, true,
                 segment.forgery ? wire::encode(segment.segment, segment.forgery->distortion)
                                 : wire::encode(segment.segment),
                 std::move(note)});
        }
    }

    /// The packets that the event tells of: one, or its fragments. False: it has none.
    bool settle(event::EventId id, const Annotation& note) {
        bool any = false;
        for (Waiting& each : waiting_) {
            if (!each.ready && each.segment == id) {
                each.note = note;
                each.ready = true;
                any = true;
            } else if (any) {
                break;  // they left one behind the other
            }
        }
        write_ready();
        return any;
    }

    void add(Waiting&& packet) {
        waiting_.push_back(std::move(packet));
        write_ready();
    }

    void write_ready() {
        while (!waiting_.empty() && (waiting_.front().ready || waiting_.size() > most_waiting)) {
            write(waiting_.front());
            waiting_.pop_front();
        }
    }
    void write_all() {
        for (const Waiting& each : waiting_) {
            write(each);
        }
        waiting_.clear();
    }

    void write(const Waiting& packet) {
        constexpr std::uint32_t type = 6;
        constexpr std::uint16_t comment = 1;
        constexpr std::uint16_t flags = 2;
        const auto since_1970 =
            static_cast<std::uint64_t>((epoch_ + packet.at.time_since_epoch()).count());
        const auto size = std::min<std::size_t>(packet.bytes.size(), snapshot_length);
        Block block(type);
        block.number(static_cast<std::uint32_t>(packet.note.interface));
        block.number(static_cast<std::uint32_t>(since_1970 >> 32U));
        block.number(static_cast<std::uint32_t>(since_1970));
        block.number(static_cast<std::uint32_t>(size));
        block.number(static_cast<std::uint32_t>(packet.bytes.size()));
        block.padded({reinterpret_cast<const char*>(packet.bytes.data()), size});
        if (!packet.note.comment.empty()) {
            block.option(comment, packet.note.comment);
        }
        const std::uint32_t direction = packet.direction == event::Direction::in ? 1 : 2;
        const auto raw = std::bit_cast<std::array<char, 4>>(direction);
        block.option(flags, {raw.data(), raw.size()});
        output().write(block.end(true));
    }

    Duration epoch_;
    event::EventId last_segment_ = 0;  ///< of the packet before
    std::deque<Waiting> waiting_;
};

}  // namespace

std::unique_ptr<event::Sink> make_annotated_capture(OutputFile file, Duration epoch,
                                                    const CaptureOrigin& origin) {
    return std::make_unique<AnnotatedCapture>(std::move(file), epoch, origin);
}

}  // namespace ghostpeer::show
