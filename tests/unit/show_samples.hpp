// Events and writers for the tests of the observers.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/peer/statistics.hpp"
#include "show/output_file.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace ghostpeer::show::test {

using namespace std::chrono_literals;

inline constexpr std::uint32_t program_iss = 0xfffffff0;
inline constexpr std::uint32_t peer_iss = 0x7fffffff;

inline Instant at(Duration since_start) { return run_start + since_start; }

inline wire::Flow flow(std::uint16_t program_port = 40404) {
    return {{*wire::IpAddress::parse("198.18.0.2"), 80},
            {*wire::IpAddress::parse("198.18.0.1"), program_port}};
}

inline profile::Place place(const char* file, int line) {
    return {std::make_shared<const std::string>(file), line, 5};
}

/// From the program to the peer, as the peer counts: sequence numbers relative.
inline event::Segment incoming(std::uint8_t flags, std::uint32_t seq, std::uint32_t ack,
                               tcp::Kind kind) {
    event::Segment event;
    event.direction = event::Direction::in;
    event.kind = kind;
    event.base = {wire::SeqNum(program_iss), wire::SeqNum(peer_iss), true};
    event.segment.source = flow().remote;
    event.segment.destination = flow().local;
    event.segment.flags.bits = flags;
    event.segment.seq = event.base.seq + seq;
    if (event.segment.has(wire::Flags::ack)) {
        event.segment.ack = event.base.ack + ack;
    }
    event.segment.window = 502;
    event.window = 502U << 7;
    return event;
}

inline event::Segment outgoing(std::uint8_t flags, std::uint32_t seq, std::uint32_t ack,
                               tcp::Reason reason) {
    auto event = incoming(flags, 0, 0, tcp::Kind::ack);
    event.direction = event::Direction::out;
    event.kind.reset();
    event.reason = reason;
    event.base = {wire::SeqNum(peer_iss), wire::SeqNum(program_iss), true};
    event.segment.source = flow().local;
    event.segment.destination = flow().remote;
    event.segment.seq = event.base.seq + seq;
    event.segment.ack = event.base.ack + ack;
    event.fate = event::Fate::sent;
    return event;
}

template <typename What>
event::Event on_connection(Duration when, What what, event::ConnectionId connection = 1,
                           std::uint32_t attempt = 1) {
    return {at(when), connection, attempt, std::move(what)};
}

/// The options of a SYN from Linux.
inline wire::Options syn_options() {
    wire::Options options;
    options.mss = 1460;
    options.sack_permitted = true;
    options.timestamps = wire::Timestamps{3012345678, 0};
    options.window_scale = 7;
    return options;
}

/// A pipe; the reading end does not block.
struct Pipe {
    int reader = -1;
    int writer = -1;

    Pipe() {
        int ends[2] = {-1, -1};
        if (::pipe2(ends, O_CLOEXEC) == 0) {
            reader = ends[0];
            writer = ends[1];
            ::fcntl(reader, F_SETFL, O_NONBLOCK);
        }
    }
    ~Pipe() {
        close_reader();
        if (writer >= 0) {
            ::close(writer);
        }
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    void close_reader() {
        if (reader >= 0) {
            ::close(std::exchange(reader, -1));
        }
    }
    /// Everything that can be read now.
    std::string take() const {
        std::string text;
        char bytes[4096];
        for (ssize_t n = 0; (n = ::read(reader, bytes, sizeof bytes)) > 0;) {
            text.append(bytes, static_cast<std::size_t>(n));
        }
        return text;
    }
    [[nodiscard]] OutputFile file(Patience patience = {}) const {
        return OutputFile::adopt(writer, "standard error", "trace", patience);
    }
};

}  // namespace ghostpeer::show::test
