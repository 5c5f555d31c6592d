#include "upstream/forwarder.hpp"

#include "posix/socket_address.hpp"
#include "posix/whole_file.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

namespace ghostpeer::upstream {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience = 2s;
constexpr unsigned rounds = 2;
constexpr std::size_t most_questions = 1024;
constexpr std::size_t most_servers = 3;  // MAXNS of <resolv.h>
constexpr std::size_t largest_message = 65535;
constexpr std::size_t header_size = 12;
constexpr std::uint16_t dns_port = 53;
constexpr std::size_t events_at_once = 32;

/// A response to this question: same id, and marked as one.
[[nodiscard]] bool answers(std::span<const std::uint8_t> message,
                           std::span<const std::uint8_t> question) {
    return message.size() >= header_size && message[0] == question[0] &&
           message[1] == question[1] && (message[2] & 0x80U) != 0;
}

}  // namespace

std::vector<wire::Endpoint> parse_name_servers(std::string_view resolv_conf) {
    std::vector<wire::Endpoint> servers;
    while (!resolv_conf.empty()) {
        const std::size_t end = std::min(resolv_conf.find('\n'), resolv_conf.size());
        std::string_view line = resolv_conf.substr(0, end);
        resolv_conf.remove_prefix(std::min(end + 1, resolv_conf.size()));
        constexpr std::string_view word = "nameserver";
        constexpr std::string_view blanks = " \t\r";
        if (!line.starts_with(word)) {
            continue;
        }
        line.remove_prefix(word.size());
        const std::size_t begin = line.find_first_not_of(blanks);
        if (begin == 0 || begin == std::string_view::npos) {
            continue;
        }
        line.remove_prefix(begin);
        line = line.substr(0, line.find_first_of(" \t\r;#"));
        const auto address = wire::IpAddress::parse(line);
        if (address && servers.size() < most_servers) {
            servers.push_back({*address, dns_port});
        }
    }
    if (servers.empty()) {
        servers.push_back({wire::IpAddress::v4(0x7f000001), dns_port});
    }
    return servers;
}

std::vector<wire::Endpoint> host_name_servers() {
    return parse_name_servers(whole_file("/etc/resolv.conf").value_or(""));
}

Forwarder::Forwarder(std::vector<wire::Endpoint> servers)
    : servers_(std::move(servers)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

void Forwarder::ask(std::uint64_t token, std::span<const std::uint8_t> message, bool stream,
                    Instant now) {
    if (message.size() < header_size || message.size() > largest_message ||
        questions_.size() >= most_questions) {
        answers_.push_back({token, {}});
        return;
    }
    const std::uint64_t key = ++asked_;
    Question& question = questions_[key];
    question.token = token;
    question.message.assign(message.begin(), message.end());
    question.stream = stream;
    try_next(key, now);
}

void Forwarder::try_next(std::uint64_t key, Instant now) {
    Question& question = questions_.at(key);
    while (question.tries < rounds * servers_.size()) {
        ++question.tries;
        if (send(key, question)) {
            question.give_up = now + patience;
            return;
        }
    }
    finish(key, {});
}

bool Forwarder::send(std::uint64_t key, Question& question) {
    const wire::Endpoint& server = servers_[(question.tries - 1) % servers_.size()];
    question.received.clear();
    if (question.stream) {
        question.connection = Socket();
        if (question.connection.connect(server) != 0) {
            return false;
        }
        std::vector<std::uint8_t> framed(2 + question.message.size());
        framed[0] = static_cast<std::uint8_t>(question.message.size() >> 8);
        framed[1] = static_cast<std::uint8_t>(question.message.size() & 0xffU);
        std::copy(question.message.begin(), question.message.end(), framed.begin() + 2);
        question.connection.give(std::move(framed));
        return watch(question.connection.fd(), key, true, false);
    }
    const SocketAddress address = socket_address(server);
    question.datagrams =
        FileDescriptor(socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int fd = question.datagrams.get();
    if (fd < 0 || ::connect(fd, address.get(), address.length) != 0 ||
        ::send(fd, question.message.data(), question.message.size(), MSG_NOSIGNAL) < 0) {
        return false;
    }
    return watch(fd, key, false, false);
}

bool Forwarder::watch(int fd, std::uint64_t key, bool writing, bool known) const {
    epoll_event event{};
    event.events = writing ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.u64 = key;
    return epoll_ctl(epoll_.get(), known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0;
}

void Forwarder::handle(Instant now) {
    std::array<epoll_event, events_at_once> events{};
    const int n = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < n; ++i) {
        const std::uint64_t key = events.at(static_cast<std::size_t>(i)).data.u64;
        const auto found = questions_.find(key);
        if (found == questions_.end()) {
            continue;
        }
        Question& question = found->second;
        bool failed = false;
        if (question.stream) {
            int error = 0;
            static_cast<void>(question.connection.write_some(error));
            const bool watched =
                watch(question.connection.fd(), key, question.connection.has_backlog(), true);
            if (error == 0 && receive_stream(question, failed)) {
                finish(key, std::exchange(question.received, {}));
                continue;
            }
            failed = failed || error != 0 || !watched;
        } else {
            std::vector<std::uint8_t> message(largest_message);
            const ssize_t got = recv(question.datagrams.get(), message.data(), message.size(), 0);
            // ECONNREFUSED: nobody serves names there.
            failed = got < 0 && errno != EAGAIN && errno != EINTR;
            if (got > 0) {
                message.resize(static_cast<std::size_t>(got));
                if (answers(message, question.message)) {
                    finish(key, std::move(message));
                    continue;
                }
            }
        }
        if (failed) {
            try_next(key, now);
        }
    }
}

/// True where the whole answer is in `received`, without its length.
bool Forwarder::receive_stream(Question& question, bool& failed) {
    std::array<std::uint8_t, 4096> piece{};
    while (true) {
        int error = 0;
        const std::size_t got = question.connection.read_some(piece, error);
        if (got == 0) {
            failed = error != EAGAIN && error != ENOTCONN;
            return false;
        }
        auto& received = question.received;
        received.insert(received.end(), piece.begin(),
                        piece.begin() + static_cast<std::ptrdiff_t>(got));
        if (received.size() < 2) {
            continue;
        }
        const std::size_t length = std::size_t{received[0]} << 8 | received[1];
        if (received.size() < length + 2) {
            continue;
        }
        received.resize(length + 2);
        received.erase(received.begin(), received.begin() + 2);
        failed = !answers(received, question.message);
        return !failed;
    }
}

void Forwarder::finish(std::uint64_t key, std::vector<std::uint8_t> message) {
    const auto found = questions_.find(key);
    answers_.push_back({found->second.token, std::move(message)});
    questions_.erase(found);
}

void Forwarder::on_time(Instant now) {
    std::vector<std::uint64_t> late;
    for (const auto& [key, question] : questions_) {
        if (question.give_up <= now) {
            late.push_back(key);
        }
    }
    for (const std::uint64_t key : late) {
        try_next(key, now);
    }
}

std::optional<Instant> Forwarder::next_deadline() const noexcept {
    std::optional<Instant> next;
    for (const auto& [key, question] : questions_) {
        next = std::min(next.value_or(question.give_up), question.give_up);
    }
    return next;
}

std::vector<Forwarder::Answer> Forwarder::take() { return std::exchange(answers_, {}); }

}  // namespace ghostpeer::upstream
