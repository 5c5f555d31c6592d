// ghostpeer-probe: a scripted sequence of socket calls, one line for each system call, so that a
// test (or a reader) sees exactly what the kernel told the program and when.
//
//     ghostpeer-probe 198.18.0.2 80 user_timeout=2s connect send=100 poll=in,5s recv info close
#include "probe.hpp"

#include <linux/sockios.h>
#include <linux/tcp.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace ghostpeer::probe {
namespace {

constexpr std::string_view usage = R"(usage: ghostpeer-probe [--json] ADDRESS PORT STEP...

Runs the steps in order on one TCP socket and prints a line for each system call: seconds since
the start, the call, its result, the error's name, and how long it took. The exit status is 0
whatever the calls return, and 2 for a step that is unknown or malformed.

Times are 250ms, 5s, 2m; sizes are 1000, 4KiB, 1MiB.

serving             bind listen[=BACKLOG] defer-accept=SECONDS accept listener
before connecting   source=ADDRESS source-port=PORT syncnt=N maxseg=N
options             keepalive=IDLE,INTERVAL,COUNT user_timeout=TIME nodelay cork quickack linger0
                    linger=SECONDS linger2=SECONDS sndbuf=SIZE rcvbuf=SIZE sndtimeo=TIME
                    rcvtimeo=TIME nonblock block reuseaddr recverr
calls               socket connect poll=in|out|in+out[,TIMEOUT] so_error
                    send[=SIZE] send-text=TEXT write[=SIZE] send-all=SIZE fill
                    loop-send=SIZE,INTERVAL[,COUNT]
                    recv[=SIZE] peek recv-all shutdown[=wr|rd|rdwr] close
looking             info queues sockname
waiting             sleep=TIME until=TIME (since the start) drain=TIME (all is acknowledged)

send is send() with MSG_NOSIGNAL, write is write(), which raises SIGPIPE. send-all, fill and
recv-all repeat their call until an error, the end of the stream or the size, and print one line.
A step on a closed socket opens a new one. A server binds to ADDRESS PORT; after accept, steps are
about the connection, and after close or listener about the listening socket again, whose queues
are the connections that wait to be accepted and how many may.
)";

}  // namespace

const std::string& need(const std::vector<std::string>& arguments, std::size_t index) {
    if (index >= arguments.size() || arguments[index].empty()) {
        throw BadStep{"an argument is missing"};
    }
    return arguments[index];
}

namespace {

std::size_t size_or(const std::vector<std::string>& arguments, std::size_t fallback) {
    return arguments.empty() ? fallback : parse_size(arguments[0]);
}

}  // namespace

bool Probe::configure(std::string_view name, const Arguments& arguments) {
    if (name == "keepalive") {
        number("SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1);
        number("TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, parse_size(need(arguments, 0)));
        number("TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, parse_size(need(arguments, 1)));
        number("TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, parse_size(need(arguments, 2)));
    } else if (name == "user_timeout") {
        const auto length = parse_time(need(arguments, 0));
        number("TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT,
               static_cast<std::size_t>(length / std::chrono::milliseconds(1)));
    } else if (name == "recverr") {
        const bool v4 = peer_.storage.ss_family == AF_INET;
        number("IP_RECVERR", v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, 1);
    } else if (name == "syncnt") {
        number("TCP_SYNCNT", IPPROTO_TCP, TCP_SYNCNT, parse_size(need(arguments, 0)));
    } else if (name == "maxseg") {
        number("TCP_MAXSEG", IPPROTO_TCP, TCP_MAXSEG, parse_size(need(arguments, 0)));
    } else if (name == "nodelay") {
        number("TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1);
    } else if (name == "cork") {
        number("TCP_CORK", IPPROTO_TCP, TCP_CORK, 1);
    } else if (name == "quickack") {
        number("TCP_QUICKACK", IPPROTO_TCP, TCP_QUICKACK, 1);
    } else if (name == "linger0" || name == "linger") {
        const auto seconds = name == "linger0" ? 0 : parse_size(need(arguments, 0));
        option("SO_LINGER", SOL_SOCKET, SO_LINGER, linger{1, static_cast<int>(seconds)},
               std::to_string(seconds));
    } else if (name == "linger2") {
        number("TCP_LINGER2", IPPROTO_TCP, TCP_LINGER2, parse_size(need(arguments, 0)));
    } else if (name == "sndbuf") {
        number("SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, parse_size(need(arguments, 0)));
    } else if (name == "rcvbuf") {
        number("SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, parse_size(need(arguments, 0)));
    } else if (name == "sndtimeo") {
        timeval_option("SO_SNDTIMEO", SO_SNDTIMEO, need(arguments, 0));
    } else if (name == "rcvtimeo") {
        timeval_option("SO_RCVTIMEO", SO_RCVTIMEO, need(arguments, 0));
    } else if (name == "reuseaddr") {
        number("SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1);
    } else if (name == "nonblock" || name == "block") {
        const int fd = socket();
        const int flags = ::fcntl(fd, F_GETFL);
        traced("fcntl", std::string(name), [&](Line&) {
            return ::fcntl(fd, F_SETFL, name == "block" ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
        });
    } else if (name == "source" || name == "source-port") {
        const bool v4 = peer_.storage.ss_family == AF_INET;
        const auto& wanted = need(arguments, 0);
        const auto from = name == "source" ? parse_address(wanted, "0")
                                           : parse_address(v4 ? "0.0.0.0" : "::", wanted);
        const int fd = socket();
        traced("bind", from.text, [&](Line&) { return ::bind(fd, from.get(), from.length); });
    } else {
        return false;
    }
    return true;
}

bool Probe::transfer(std::string_view name, const Arguments& arguments) {
    const auto send_bytes = [&](const std::string& bytes, int flags) {
        const int fd = socket();
        return traced("send", std::to_string(bytes.size()), [&](Line&) {
            return ::send(fd, bytes.data(), bytes.size(), flags | MSG_NOSIGNAL);
        });
    };
    /// Repeats until an error or `limit` bytes; one line with the total.
    const auto repeat = [&](std::size_t limit, auto&& call) {
        const int fd = socket();
        traced(name, arguments.empty() ? "" : arguments[0], [&](Line& line) -> std::int64_t {
            std::vector<char> buffer(std::min<std::size_t>(limit, 64 * 1024), 'x');
            std::size_t total = 0;
            std::size_t calls = 0;
            ssize_t last = 1;
            while (last > 0 && total < limit) {
                last = call(fd, buffer.data(), std::min(buffer.size(), limit - total));
                total += last > 0 ? static_cast<std::size_t>(last) : 0;
                ++calls;
            }
            const int error = last < 0 ? errno : 0;
            line.notes = {{"bytes", std::to_string(total)}, {"calls", std::to_string(calls)}};
            errno = error;
            return error != 0 ? -1 : static_cast<std::int64_t>(total);
        });
    };
    const auto send_once = [](int flags) {
        return [flags](int fd, const char* data, std::size_t n) {
            return ::send(fd, data, n, MSG_NOSIGNAL | flags);
        };
    };
    if (name == "send") {
        send_bytes(std::string(size_or(arguments, 1), 'x'), 0);
    } else if (name == "send-text") {
        send_bytes(need(arguments, 0), 0);
    } else if (name == "write") {
        const std::string bytes(size_or(arguments, 1), 'x');
        const int fd = socket();
        traced("write", std::to_string(bytes.size()),
               [&](Line&) { return ::write(fd, bytes.data(), bytes.size()); });
    } else if (name == "send-all") {
        repeat(parse_size(need(arguments, 0)), send_once(0));
    } else if (name == "fill") {
        repeat(SIZE_MAX, send_once(MSG_DONTWAIT));
    } else if (name == "recv-all") {
        repeat(SIZE_MAX, [](int fd, char* data, std::size_t n) { return ::recv(fd, data, n, 0); });
    } else if (name == "loop-send") {
        const std::string bytes(parse_size(need(arguments, 0)), 'x');
        const auto interval = parse_time(need(arguments, 1));
        auto left = arguments.size() > 2 ? parse_size(arguments[2]) : SIZE_MAX;
        for (; left > 0 && send_bytes(bytes, 0) >= 0; --left) {
            std::this_thread::sleep_for(interval);
        }
    } else if (name == "recv" || name == "peek") {
        std::string buffer(size_or(arguments, 64 * 1024), '\0');
        const int fd = socket();
        traced(name, std::to_string(buffer.size()), [&](Line&) {
            return ::recv(fd, buffer.data(), buffer.size(), name == "peek" ? MSG_PEEK : 0);
        });
    } else {
        return false;
    }
    return true;
}

void Probe::poll(const Arguments& arguments) {
    pollfd entry{socket(), 0, 0};
    for (const auto& word : split(need(arguments, 0), '+')) {
        entry.events = static_cast<short>(entry.events | (word == "out"  ? POLLOUT
                                                          : word == "in" ? POLLIN | POLLRDHUP
                                                                         : 0));
    }
    const int timeout =
        arguments.size() < 2
            ? -1
            : static_cast<int>(parse_time(arguments[1]) / std::chrono::milliseconds(1));
    traced("poll", poll_text(entry.events) + ", " + std::to_string(timeout), [&](Line& line) {
        const int result = ::poll(&entry, 1, timeout);
        line.notes = {{"revents", json_string(poll_text(entry.revents))}};
        return result;
    });
}

void Probe::info() {
    constexpr std::array states{"NONE",       "ESTABLISHED", "SYN-SENT",  "SYN-RECEIVED",
                                "FIN-WAIT-1", "FIN-WAIT-2",  "TIME-WAIT", "CLOSED",
                                "CLOSE-WAIT", "LAST-ACK",    "LISTEN",    "CLOSING"};
    constexpr std::array congestion{"open", "disorder", "cwr", "recovery", "loss"};
    const int fd = socket();
    traced("TCP_INFO", "", [&](Line& line) {
        tcp_info info{};
        socklen_t length = sizeof info;
        const int result = ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length);
        const auto named = [](const auto& names, unsigned index) {
            return json_string(index < names.size() ? names[index] : "?");
        };
        line.notes = {{"state", named(states, info.tcpi_state)},
                      {"ca_state", named(congestion, info.tcpi_ca_state)},
                      {"retransmits", std::to_string(info.tcpi_retransmits)},
                      {"probes", std::to_string(info.tcpi_probes)},
                      {"backoff", std::to_string(info.tcpi_backoff)},
                      {"unacked", std::to_string(info.tcpi_unacked)},
                      {"sacked", std::to_string(info.tcpi_sacked)},
                      {"lost", std::to_string(info.tcpi_lost)},
                      {"retrans", std::to_string(info.tcpi_retrans)},
                      {"total_retrans", std::to_string(info.tcpi_total_retrans)},
                      {"rto_us", std::to_string(info.tcpi_rto)},
                      {"rtt_us", std::to_string(info.tcpi_rtt)},
                      {"snd_mss", std::to_string(info.tcpi_snd_mss)},
                      {"snd_cwnd", std::to_string(info.tcpi_snd_cwnd)},
                      {"bytes_acked", std::to_string(info.tcpi_bytes_acked)},
                      {"bytes_received", std::to_string(info.tcpi_bytes_received)},
                      {"notsent", std::to_string(info.tcpi_notsent_bytes)},
                      {"reordering", std::to_string(info.tcpi_reordering)},
                      {"dsack_dups", std::to_string(info.tcpi_dsack_dups)},
                      {"options", std::to_string(info.tcpi_options)}};
        return result;
    });
}

bool Probe::look(std::string_view name, const Arguments& arguments) {
    const int fd = fd_ >= 0 ? fd_ : listener_;
    if (name == "info") {
        info();
    } else if (name == "poll") {
        poll(arguments);
    } else if (name == "queues" && fd_ >= 0) {
        traced("queues", "", [&](Line& line) -> std::int64_t {
            int receive = 0;
            int send = 0;
            const int result =
                std::min(::ioctl(fd, SIOCINQ, &receive), ::ioctl(fd, SIOCOUTQ, &send));
            line.notes = {{"recv_q", std::to_string(receive)}, {"send_q", std::to_string(send)}};
            return result;
        });
    } else if (name == "drain" && fd_ >= 0) {
        // Until everything has been acknowledged, but no longer than it says.
        const auto end = std::chrono::steady_clock::now() + parse_time(need(arguments, 0));
        for (int left = 1; std::chrono::steady_clock::now() < end &&
                           ::ioctl(fd, SIOCOUTQ, &left) == 0 && left > 0;) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    } else if (name == "so_error") {
        traced("SO_ERROR", "", [&](Line& line) -> std::int64_t {
            int error = 0;
            socklen_t length = sizeof error;
            const int result = ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
            line.notes = {{"error", json_string(error == 0 ? "0" : errno_name(error))}};
            return result;
        });
    } else if (name == "sockname") {
        traced("getsockname", "", [&](Line& line) -> std::int64_t {
            sockaddr_storage own{};
            socklen_t length = sizeof own;
            const int result = ::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length);
            // sin_port and sin6_port lie at the same place.
            const auto port = ntohs(reinterpret_cast<const sockaddr_in&>(own).sin_port);
            line.notes = {{"port", std::to_string(port)}};
            return result;
        });
    } else {
        return false;
    }
    return true;
}

bool Probe::control(std::string_view name, const Arguments& arguments) {
    if (name == "socket") {
        fd_ = -1;  // the old one stays open until the program ends
        socket();
    } else if (name == "connect") {
        const int fd = socket();
        traced("connect", peer_.text,
               [&](Line&) { return ::connect(fd, peer_.get(), peer_.length); });
    } else if (name == "shutdown") {
        const std::string how = arguments.empty() ? "wr" : arguments[0];
        const int fd = fd_;
        traced("shutdown", how, [&](Line&) {
            return ::shutdown(fd, how == "rd" ? SHUT_RD : how == "rdwr" ? SHUT_RDWR : SHUT_WR);
        });
    } else if (name == "close") {
        const int fd = std::exchange(fd_ >= 0 ? fd_ : listener_, -1);
        traced("close", "", [&](Line&) { return ::close(fd); });
    } else if (name == "sleep") {
        std::this_thread::sleep_for(parse_time(need(arguments, 0)));
    } else if (name == "until") {
        std::this_thread::sleep_until(start_ + parse_time(need(arguments, 0)));
    } else {
        return false;
    }
    return true;
}

void Probe::run(const std::string& step) {
    const auto at = step.find('=');
    const std::string name = step.substr(0, at);
    const std::string rest = at == std::string::npos ? "" : step.substr(at + 1);
    const Arguments arguments = at == std::string::npos ? Arguments{}
                                : name == "send-text"   ? Arguments{rest}
                                                        : split(rest, ',');
    if (!serve(name, arguments) && !configure(name, arguments) && !transfer(name, arguments) &&
        !look(name, arguments) && !control(name, arguments)) {
        throw BadStep{"there is no such step"};
    }
}

}  // namespace ghostpeer::probe

int main(int count, char** values) {
    std::vector<std::string> arguments(values + std::min(count, 1), values + count);
    const bool json = !arguments.empty() && arguments[0] == "--json";
    if (json) {
        arguments.erase(arguments.begin());
    }
    if (arguments.size() < 2) {
        std::fprintf(stderr, "%s", ghostpeer::probe::usage.data());
        return 2;
    }
    std::string step = arguments[0] + " " + arguments[1];
    try {
        ghostpeer::probe::Probe probe(ghostpeer::probe::parse_address(arguments[0], arguments[1]),
                                      json);
        for (std::size_t i = 2; i < arguments.size(); ++i) {
            step = arguments[i];
            probe.run(step);
        }
    } catch (const ghostpeer::probe::BadStep& bad) {
        std::fprintf(stderr, "ghostpeer-probe: %s: %s\n", step.c_str(), bad.why.c_str());
        return 2;
    }
    return 0;
}
