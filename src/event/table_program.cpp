// What the program did: its system calls, its sockets, its end.
#include "event/members.hpp"
#include "event/tables.hpp"
#include "event/text.hpp"

#include "ghostpeer/event/call.hpp"

namespace ghostpeer::event {
namespace {

using NumberOrText = std::variant<std::int64_t, std::string>;

struct Result {
    using Owner = Call;
    static std::optional<NumberOrText> get(const Call& call) {
        if (call.result) {
            return NumberOrText(*call.result);
        }
        return call.address.empty() ? std::nullopt : std::optional(NumberOrText(call.address));
    }
    static void set(Call& call, NumberOrText&& value) {
        if (const auto* number = std::get_if<std::int64_t>(&value)) {
            call.result = *number;
        } else {
            call.address = std::get<std::string>(std::move(value));
        }
    }
};
/// Seconds with three digits after the point: the kernel's own exactness.
struct Milliseconds {
    Duration length{};
};

struct Expires {
    using Owner = Socket;
    static std::optional<Milliseconds> get(const Socket& socket) {
        return socket.timer == SocketTimer::none ? std::nullopt
                                                 : std::optional(Milliseconds{socket.expires});
    }
    static void set(Socket& socket, Milliseconds value) { socket.expires = value.length; }
};

struct ExitSignal {
    using Owner = Exit;
    static std::optional<int> get(const Exit& exit) { return exit.signal; }
    static void set(Exit& exit, int value) { exit.signal = value; }
};
struct SignalName {
    using Owner = Exit;
    static std::optional<std::string> get(const Exit& exit) {
        return exit.signal ? std::optional(signal_name(*exit.signal)) : std::nullopt;
    }
    static void set(Exit& /*exit*/, const std::string& /*value*/) {}
};
struct ExitStatus {
    using Owner = Exit;
    static std::optional<int> get(const Exit& exit) {
        return exit.signal ? std::nullopt : std::optional(exit.status);
    }
    static void set(Exit& exit, int value) { exit.status = value; }
};

}  // namespace

template <>
struct Codec<Milliseconds> {
    static constexpr Type type{.shape = Type::Shape::seconds};
    static void write(Json& json, Milliseconds value) {
        constexpr std::size_t too_exact = 6;
        json.seconds(value.length);
        json.out().resize(json.out().size() - too_exact);
    }
    static bool read(Reading& reading, const JsonTree::Value& from, Milliseconds& to) {
        return read_seconds(reading, from, to.length);
    }
};

std::span<const Field> call_fields() noexcept {
    static constexpr std::array fields{
        field<&Call::process>("pid", "the process, as the program sees it"),
        field<&Call::thread>("tid", "the thread, as the program sees it"),
        field<&Call::name>("name", "the system call's"),
        field<&Call::descriptor>("fd", "the first argument, where it is a descriptor"),
        field<&Call::arguments>("args", "as strace writes them"),
        derived<Result>("result", "what it returned; an address as a text"),
        rare<&Call::error>("errno", "the error's name, where it failed"),
        rare<&Call::detail>("detail", "what strace adds to a result"),
        derived<ToldIfFalse<&Call::returned>>("returned", "false for one that has not"),
        field<&Call::began>("began", "when it began"),
        field<&Call::took>("took", "from then until t"),
        rare<&Call::result_descriptor>("result_fd", "what the descriptor is that it returned")};
    return fields;
}

std::span<const Field> socket_fields() noexcept {
    static constexpr std::array fields{
        field<&Socket::src>("src", "the program's end"),
        field<&Socket::dst>("dst", "the other end"),
        field<&Socket::state>("state", "as ss spells it; GONE once the kernel does not list it"),
        field<&Socket::timer>("timer", "the kernel's timer, as ss names it"),
        derived<Expires>("expires", "time left of the timer, where there is one"),
        field<&Socket::retries>("retries", "retransmissions or probes that went unanswered"),
        field<&Socket::recv_q>("recv_q", "bytes"),
        field<&Socket::send_q>("send_q", "bytes"),
        rare<&Socket::last_state>("last_state", "of one that is gone: the state seen last"),
        rare<&Socket::last_seen>("last_seen", "of one that is gone: when it was seen last"),
        field<&Socket::due>("due", "of one that is gone: when its timer was to fire, as of then"),
        field<&Socket::aborts_before>("aborts_before",
                                      "sockets that the kernel had given up when it was seen last"),
        field<&Socket::aborts>("aborts", "sockets that the kernel has given up by now"),
        derived<ToldIfFalse<&Socket::retried>>("retried",
                                               "false: one that was destroyed sent none in vain"),
        derived<ToldIfFalse<&Socket::shown>>("shown", "false: it is told for the verdict alone")};
    return fields;
}

std::span<const Field> exit_fields() noexcept {
    static constexpr std::array fields{
        derived<ExitSignal>("signal", "the number of the signal that ended COMMAND"),
        derived<SignalName>("signal_name", "its name"),
        derived<ExitStatus>("status", "COMMAND's exit status, where no signal ended it")};
    return fields;
}

}  // namespace ghostpeer::event
