// What stands behind a relay in the benchmark, and the relay to compare with. Each mode listens on
// 127.0.0.1, prints its port, and serves until its standard input ends.
//
//     upstream echo             sends back what it reads
//     upstream discard          reads to the end
//     upstream source BYTES     sends that many bytes; byte i is i mod 251
//     upstream relay PORT       a plain user-space byte relay to that port of 127.0.0.1: a thread
//                               for each direction copies from socket to socket
#include "measure.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace bench;

constexpr std::size_t chunk = 64 * 1024;
constexpr std::size_t period = 251;

bool write_all(int fd, const char* bytes, std::size_t size) {
    while (size > 0) {
        const ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        size -= static_cast<std::size_t>(sent);
    }
    return true;
}

/// Copies to the end of the stream and passes the end on.
void copy(int from, int to) {
    std::vector<char> buffer(chunk);
    ssize_t got = 0;
    while ((got = recv(from, buffer.data(), buffer.size(), 0)) > 0 &&
           write_all(to, buffer.data(), static_cast<std::size_t>(got))) {
    }
    shutdown(to, SHUT_WR);
}

void echo(int fd) { copy(fd, fd); }

void discard(int fd) {
    std::vector<char> buffer(chunk);
    while (recv(fd, buffer.data(), buffer.size(), 0) > 0) {
    }
}

void source(int fd, std::uint64_t bytes) {
    std::vector<char> pattern(chunk + period);
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        pattern[i] = static_cast<char>(i % period);
    }
    for (std::uint64_t done = 0; done < bytes;) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(chunk, bytes - done));
        if (!write_all(fd, pattern.data() + done % period, size)) {
            return;
        }
        done += size;
    }
    shutdown(fd, SHUT_WR);
    discard(fd);
}

void no_delay(int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void relay(int fd, std::uint16_t port) {
    const Socket upstream;
    connect_to(upstream, address_of("127.0.0.1", port));
    no_delay(upstream.fd());
    std::thread answers(copy, upstream.fd(), fd);
    copy(fd, upstream.fd());
    answers.join();
}

std::function<void(int)> handler_of(const std::vector<std::string>& words) {
    if (words == std::vector<std::string>{"echo"}) {
        return echo;
    }
    if (words == std::vector<std::string>{"discard"}) {
        return discard;
    }
    if (words.size() == 2 && words[0] == "source") {
        return [bytes = std::stoull(words[1])](int fd) { source(fd, bytes); };
    }
    if (words.size() == 2 && words[0] == "relay") {
        return
            [port = static_cast<std::uint16_t>(std::stoul(words[1]))](int fd) { relay(fd, port); };
    }
    throw std::invalid_argument("unknown mode; upstream.cpp names them");
}

void serve(const std::function<void(int)>& handle) {
    const auto [listener, address] = listen_on_loopback();
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    std::thread([&handle, fd = listener.fd()] {
        for (int client; (client = accept(fd, nullptr, nullptr)) >= 0;) {
            no_delay(client);
            std::thread([&handle, client] {
                handle(client);
                close(client);
            }).detach();
        }
    }).detach();
    std::array<char, 64> ignored{};
    while (read(STDIN_FILENO, ignored.data(), ignored.size()) > 0) {
    }
    std::_Exit(0);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        serve(handler_of({argv + 1, argv + argc}));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "upstream: %s\n", error.what());
    }
    return 1;
}
