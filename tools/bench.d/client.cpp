// The programs under test of the benchmark: each mode prints one line of JSON.
//
//     client connect ADDRESS PORT COUNT     connect() after connect(), each timed
//     client handshake ADDRESS PORT COUNT   the same, and the round trip as the kernel measures it
//     client connect-loopback COUNT         the same to a kernel listener of its own
//     client send ADDRESS PORT BYTES        writes that many bytes, then reads to the end
//     client receive ADDRESS PORT BYTES     reads to the end; byte i has to be i mod 251
//     client ask ADDRESS PORT COUNT         64 bytes there and back, that often, each timed
//     client loopback BYTES                 the same from a kernel socket of its own
//     client hold ADDRESS PORT COUNT        that many connections at once, then none
//     client timer COUNT                    how late a timer of 50 ms wakes a process here
//     client spawn COUNT COMMAND...         starts and awaits COMMAND that often
#include "measure.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <span>
#include <stdexcept>

namespace {

using namespace bench;

constexpr std::size_t chunk = 256 * 1024;
constexpr std::size_t period = 251;  // of the pattern that `service: source` sends

struct Target {
    sockaddr_in address;
    std::uint64_t count;
};

Target target_of(std::span<char*> arguments) {
    if (arguments.size() != 3) {
        throw std::invalid_argument("ADDRESS PORT COUNT are wanted");
    }
    const auto port = static_cast<std::uint16_t>(std::stoul(arguments[1]));
    return {address_of(arguments[0], port), std::stoull(arguments[2])};
}

void print_latencies(std::vector<double>& microseconds, double elapsed) {
    JsonLine()
        .add("p50_us", percentile(microseconds, 0.50))
        .add("p90_us", percentile(microseconds, 0.90))
        .add("p99_us", percentile(microseconds, 0.99))
        .add("max_us", microseconds.back())
        .add("per_second", static_cast<double>(microseconds.size()) / elapsed)
        .print();
}

/// Microseconds.
struct Handshake {
    double connect;     ///< until connect() returned
    double round_trip;  ///< from SYN to SYN-ACK, as the kernel has measured it
};

Handshake timed_handshake(const sockaddr_in& to) {
    const Socket socket;
    const auto start = Clock::now();
    connect_to(socket, to);
    const double elapsed = seconds_since(start);
    tcp_info info{};
    socklen_t size = sizeof info;
    check(getsockopt(socket.fd(), IPPROTO_TCP, TCP_INFO, &info, &size), "TCP_INFO");
    socket.abort_on_close();
    return {elapsed * 1e6, static_cast<double>(info.tcpi_rtt)};
}

double timed_connect(const sockaddr_in& to) {
    const Socket socket;
    const auto start = Clock::now();
    connect_to(socket, to);
    const double elapsed = seconds_since(start);
    socket.abort_on_close();
    return elapsed * 1e6;
}

void connect_many(const Target& target) {
    for (std::uint64_t i = 0; i < target.count / 20; ++i) {
        timed_connect(target.address);
    }
    std::vector<double> samples;
    samples.reserve(target.count);
    const auto start = Clock::now();
    for (std::uint64_t i = 0; i < target.count; ++i) {
        samples.push_back(timed_connect(target.address));
    }
    print_latencies(samples, seconds_since(start));
}

void shake_many(const Target& target) {
    std::vector<double> connects;
    std::vector<double> round_trips;
    for (std::uint64_t i = 0; i < target.count; ++i) {
        const Handshake sample = timed_handshake(target.address);
        connects.push_back(sample.connect);
        round_trips.push_back(sample.round_trip);
    }
    JsonLine()
        .add("p50_us", percentile(round_trips, 0.50))
        .add("p99_us", percentile(round_trips, 0.99))
        .add("max_us", round_trips.back())
        .add("connect_p50_us", percentile(connects, 0.50))
        .add("connect_p99_us", percentile(connects, 0.99))
        .print();
}

/// The listener's side is emptied between the samples: a thread that accepts would cost the client
/// a wake-up, and the comparison would be kinder to the engine.
void connect_loopback(std::uint64_t count) {
    const auto [listener, address] = listen_on_loopback();
    check(fcntl(listener.fd(), F_SETFL, O_NONBLOCK), "O_NONBLOCK");
    std::vector<double> samples;
    samples.reserve(count);
    double spent = 0;
    while (samples.size() < count) {
        const auto start = Clock::now();
        for (int i = 0; i < 500 && samples.size() < count; ++i) {
            samples.push_back(timed_connect(address));
        }
        spent += seconds_since(start);
        for (int fd; (fd = accept(listener.fd(), nullptr, nullptr)) >= 0;) {
            close(fd);
        }
    }
    print_latencies(samples, spent);
}

const std::vector<char>& pattern() {
    static const std::vector<char> bytes = [] {
        std::vector<char> made(chunk + period);
        for (std::size_t i = 0; i < made.size(); ++i) {
            made[i] = static_cast<char>(i % period);
        }
        return made;
    }();
    return bytes;
}

void write_pattern(const Socket& socket, std::uint64_t bytes) {
    for (std::uint64_t done = 0; done < bytes;) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(chunk, bytes - done));
        done += static_cast<std::uint64_t>(
            check(send(socket.fd(), pattern().data() + done % period, size, MSG_NOSIGNAL), "send"));
    }
}

/// Reads to the end and returns how many bytes came, all of them as they should be.
std::uint64_t read_pattern(const Socket& socket) {
    std::vector<char> buffer(chunk);
    std::uint64_t done = 0;
    while (true) {
        const auto size = static_cast<std::size_t>(
            check(recv(socket.fd(), buffer.data(), buffer.size(), 0), "recv"));
        if (size == 0) {
            return done;
        }
        if (std::memcmp(buffer.data(), pattern().data() + done % period, size) != 0) {
            throw std::runtime_error("the bytes differ from the pattern near offset " +
                                     std::to_string(done));
        }
        done += size;
    }
}

void print_bulk(std::uint64_t bytes, std::uint64_t expected, double elapsed) {
    if (bytes != expected) {
        throw std::runtime_error("expected " + std::to_string(expected) + " bytes, got " +
                                 std::to_string(bytes));
    }
    JsonLine()
        .add("bytes", static_cast<double>(bytes))
        .add("seconds", elapsed)
        .add("mb_per_second", static_cast<double>(bytes) / elapsed / 1e6)
        .print();
}

/// Ends when the other side, having read everything, has closed as well; the kernel's count of
/// acknowledged bytes (RFC 4898, tcpEStatsAppHCThruOctetsAcked; the SYN counts as one) then has
/// to be exact.
void send_bulk(const Target& target) {
    const Socket socket;
    connect_to(socket, target.address);
    const auto start = Clock::now();
    write_pattern(socket, target.count);
    check(shutdown(socket.fd(), SHUT_WR), "shutdown");
    char byte = 0;
    if (check(recv(socket.fd(), &byte, 1, 0), "recv") != 0) {
        throw std::runtime_error("the peer sent data although it should only read");
    }
    const double elapsed = seconds_since(start);
    tcp_info info{};
    socklen_t size = sizeof info;
    check(getsockopt(socket.fd(), IPPROTO_TCP, TCP_INFO, &info, &size), "TCP_INFO");
    // glibc's tcp_info ends before tcpi_bytes_acked; a FIN that is acknowledged leaves no state
    // but FIN-WAIT-2 or TIME-WAIT, and then everything before it has been acknowledged too.
    const bool all_acknowledged = info.tcpi_unacked == 0 && info.tcpi_state != TCP_FIN_WAIT1;
    print_bulk(all_acknowledged ? target.count : 0, target.count, elapsed);
}

void receive_bulk(const Target& target) {
    const Socket socket;
    connect_to(socket, target.address);
    const auto start = Clock::now();
    const auto bytes = read_pattern(socket);
    print_bulk(bytes, target.count, seconds_since(start));
}

void ask_many(const Target& target) {
    const Socket socket;
    connect_to(socket, target.address);
    const int on = 1;
    check(setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
    std::array<char, 64> bytes{};
    std::vector<double> samples;
    samples.reserve(target.count);
    const auto begin = Clock::now();
    for (std::uint64_t i = 0; i < target.count; ++i) {
        const auto start = Clock::now();
        check(send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL), "send");
        if (check(recv(socket.fd(), bytes.data(), bytes.size(), MSG_WAITALL), "recv") !=
            static_cast<ssize_t>(bytes.size())) {
            throw std::runtime_error("the server has closed the connection");
        }
        samples.push_back(seconds_since(start) * 1e6);
    }
    print_latencies(samples, seconds_since(begin));
}

void loopback_bulk(std::uint64_t count) {
    const auto [listener, address] = listen_on_loopback();
    const pid_t writer = check(fork(), "fork");
    if (writer == 0) {
        const Socket accepted(check(accept(listener.fd(), nullptr, nullptr), "accept"));
        write_pattern(accepted, count);
        std::_Exit(0);
    }
    receive_bulk({address, count});
    check(waitpid(writer, nullptr, 0), "waitpid");
}

/// How many IPv4 TCP sockets of this network namespace are in each state (net/tcp_states.h).
std::array<std::uint64_t, 16> states_of_sockets() {
    std::array<std::uint64_t, 16> states{};
    std::ifstream table("/proc/net/tcp");
    std::string line;
    std::getline(table, line);
    while (std::getline(table, line)) {
        // "   0: 0100007F:0016 00000000:0000 0A …": the state is the fourth word.
        std::array<char, 16> state{};
        if (std::sscanf(line.c_str(), "%*s %*s %*s %15s", state.data()) == 1) {
            ++states.at(std::stoul(state.data(), nullptr, 16) % states.size());
        }
    }
    return states;
}

void hold_many(const Target& target) {
    rlimit files{};
    check(getrlimit(RLIMIT_NOFILE, &files), "getrlimit");
    files.rlim_cur = files.rlim_max;
    check(setrlimit(RLIMIT_NOFILE, &files), "setrlimit");

    const auto start = Clock::now();
    std::vector<Socket> sockets;
    sockets.reserve(target.count);
    for (std::uint64_t i = 0; i < target.count; ++i) {
        sockets.emplace_back();
        connect_to(sockets.back(), target.address);
        check(send(sockets.back().fd(), "x", 1, MSG_NOSIGNAL), "send");
    }
    const double opened = seconds_since(start);
    const auto held = states_of_sockets().at(TCP_ESTABLISHED);

    // Each side finishes in order: FIN from here, FIN from the peer, end of stream here.
    for (const auto& socket : sockets) {
        check(shutdown(socket.fd(), SHUT_WR), "shutdown");
    }
    std::uint64_t finished = 0;
    for (const auto& socket : sockets) {
        char byte = 0;
        finished += check(recv(socket.fd(), &byte, 1, 0), "recv") == 0 ? 1 : 0;
    }
    sockets.clear();
    const auto states = states_of_sockets();
    std::uint64_t left = 0;
    for (std::size_t state = 1; state < states.size(); ++state) {
        left += state == TCP_TIME_WAIT ? 0 : states[state];
    }
    JsonLine()
        .add("held", static_cast<double>(held))
        .add("finished", static_cast<double>(finished))
        .add("left", static_cast<double>(left))
        .add("open_seconds", opened)
        .add("seconds", seconds_since(start))
        .print();
}

/// The machine's own part in the error of a delay.
void wait_many(std::uint64_t count) {
    const int timer = check(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), "timerfd_create");
    std::vector<double> samples;
    const auto begin = Clock::now();
    for (std::uint64_t i = 0; i < count; ++i) {
        constexpr itimerspec fifty_ms{.it_interval = {}, .it_value = {0, 50'000'000}};
        const auto start = Clock::now();
        check(timerfd_settime(timer, 0, &fifty_ms, nullptr), "timerfd_settime");
        std::uint64_t expirations = 0;
        check(read(timer, &expirations, sizeof expirations), "read");
        samples.push_back(seconds_since(start) * 1e6);
    }
    close(timer);
    print_latencies(samples, seconds_since(begin));
}

void spawn_many(std::uint64_t count, char** command) {
    std::vector<double> samples;
    samples.reserve(count);
    const auto begin = Clock::now();
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto start = Clock::now();
        pid_t child = 0;
        if (posix_spawnp(&child, command[0], nullptr, nullptr, command, environ) != 0) {
            throw std::runtime_error(std::string("cannot start ") + command[0]);
        }
        int status = 0;
        check(waitpid(child, &status, 0), "waitpid");
        samples.push_back(seconds_since(start) * 1e6);
        if (status != 0) {
            throw std::runtime_error(std::string(command[0]) + " failed");
        }
    }
    print_latencies(samples, seconds_since(begin));
}

void run(std::span<char*> arguments) {
    const std::string_view mode = arguments.empty() ? "" : arguments[0];
    const auto rest = arguments.subspan(arguments.empty() ? 0 : 1);
    if (mode == "connect") {
        connect_many(target_of(rest));
    } else if (mode == "handshake") {
        shake_many(target_of(rest));
    } else if (mode == "send") {
        send_bulk(target_of(rest));
    } else if (mode == "receive") {
        receive_bulk(target_of(rest));
    } else if (mode == "ask") {
        ask_many(target_of(rest));
    } else if (mode == "hold") {
        hold_many(target_of(rest));
    } else if (mode == "connect-loopback" && rest.size() == 1) {
        connect_loopback(std::stoull(rest[0]));
    } else if (mode == "loopback" && rest.size() == 1) {
        loopback_bulk(std::stoull(rest[0]));
    } else if (mode == "timer" && rest.size() == 1) {
        wait_many(std::stoull(rest[0]));
    } else if (mode == "spawn" && rest.size() >= 2) {
        spawn_many(std::stoull(rest[0]), rest.data() + 1);
    } else {
        throw std::invalid_argument("unknown mode or wrong arguments; client.cpp names them");
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        run(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "client: %s\n", error.what());
        return 1;
    }
}
