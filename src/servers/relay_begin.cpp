// How a relayed connection finds who is behind the peer.
#include "servers/relay.hpp"

#include <fmt/format.h>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ghostpeer::servers {
namespace {

[[nodiscard]] peer::UpstreamError kind_of(int error) {
    switch (error) {
        case ECONNREFUSED:
        case ECONNRESET: return peer::UpstreamError::refused;
        case ETIMEDOUT: return peer::UpstreamError::timed_out;
        default: return peer::UpstreamError::unreachable;
    }
}

[[nodiscard]] std::string_view consequence(peer::UpstreamError error) {
    switch (error) {
        case peer::UpstreamError::refused: return "the program is refused too";
        case peer::UpstreamError::timed_out: return "the program gets no answer either";
        case peer::UpstreamError::unreachable: break;
    }
    return "the program is told that the host is unreachable";
}

}  // namespace

void Relay::begin(const peer::UpstreamId& id, const peer::UpstreamConnect& what, Instant now) {
    Server& server = servers_[id.connection];
    server.id = id;
    std::string host = what.where.host;
    std::uint16_t port = what.where.port;
    if (what.where.to == profile::Relay::To::process) {
        begin_process(server, what, now);
        return;
    }
    if (what.where.to == profile::Relay::To::server) {
        if (const auto number = number_of(host)) {
            begin_inside(server, *number, std::nullopt);
        } else {
            refuse(server, peer::UpstreamError::unreachable, now);
        }
        return;
    }
    if (what.where.to == profile::Relay::To::original) {
        port = what.original.port;
        const auto name = names_.find(what.original.address);
        host = name != names_.end() ? name->second : what.original.address.to_string();
        if (const auto number = number_of(host)) {
            begin_inside(server, *number, port);
            return;
        }
        if (name == names_.end() && setup::is_private_address(what.original.address)) {
            server.name = what.original.to_string();
            notice(
                fmt::format("{} is an address of the peer's own, and no real server has it: "
                            "`relay: original` needs a program that dials a real server's name "
                            "or address. The program is told that the host is unreachable.",
                            server.name));
            refuse(server, peer::UpstreamError::unreachable, now);
            return;
        }
    }
    if (!lookup_) {
        server.name = fmt::format("{}:{}", host, port);
        notice(
            fmt::format("The real server {} cannot be reached: this run has no network but its "
                        "own. The program is told that the host is unreachable.",
                        server.name));
        refuse(server, peer::UpstreamError::unreachable, now);
        return;
    }
    server.candidates.push_back({{}, port});
    if (const auto address = wire::IpAddress::parse(host)) {
        server.candidates[0].address = *address;
        server.name = server.candidates[0].to_string();
        connect_next(server, 0, now);
        return;
    }
    server.name = fmt::format("{}:{}", host, port);
    waiting_.emplace(host, id.connection);
    lookup_->ask(host);
}

void Relay::take_lookups(Instant now) {
    for (const upstream::LookupResult& result : lookup_->take()) {
        std::vector<event::ConnectionId> waiting;
        const auto [first, last] = waiting_.equal_range(result.host);
        for (auto one = first; one != last; ++one) {
            waiting.push_back(one->second);
        }
        waiting_.erase(first, last);
        for (const event::ConnectionId connection : waiting) {
            const auto found = servers_.find(connection);
            if (found == servers_.end()) {
                continue;
            }
            Server& server = found->second;
            if (!result.error.empty()) {
                notice(
                    fmt::format("The real server's name {} cannot be looked up: {}. The program "
                                "is told that the host is unreachable.",
                                result.host, result.error));
                refuse(server, peer::UpstreamError::unreachable, now);
                continue;
            }
            const std::uint16_t port = server.candidates[0].port;
            server.candidates.clear();
            for (auto one = result.addresses.rbegin(); one != result.addresses.rend(); ++one) {
                server.candidates.push_back({*one, port});
            }
            connect_next(server, 0, now);
        }
    }
}

void Relay::connect_next(Server& server, int last_error, Instant now) {
    if (server.in_epoll) {
        // Closing the socket takes it out of the epoll instance.
        server.in_epoll = false;
        server.socket.close();
    }
    while (!server.candidates.empty()) {
        const wire::Endpoint to = server.candidates.back();
        server.candidates.pop_back();
        last_error = server.socket.connect(to);
        if (last_error == 0) {
            watch(server, now);
            return;
        }
    }
    fail(server, last_error, now);
}

void Relay::fail(Server& server, int error, Instant now) {
    const peer::UpstreamError kind = kind_of(error);
    notice(fmt::format("The real server {} cannot be reached: {}; {}.", server.name,
                       std::strerror(error), consequence(kind)));
    refuse(server, kind, now);
}

void Relay::refuse(Server& server, peer::UpstreamError error, Instant now) {
    engine_.upstream_failed(server.id, error, now);
    forget(server, now);
}

void Relay::begin_process(Server& server, const peer::UpstreamConnect& what, Instant now) {
    server.name = what.where.command.front();
    if (!processes_ || !processes_->start(server.id, what, now)) {
        refuse(server, peer::UpstreamError::refused, now);
        return;
    }
    server.process = true;
}

void Relay::take_processes(Instant now) {
    for (Processes::Started& one : processes_->take_started()) {
        const auto found = servers_.find(one.connection);
        if (found == servers_.end()) {
            continue;
        }
        Server& server = found->second;
        if (!one.stream) {
            server.process = false;
            refuse(server, peer::UpstreamError::refused, now);
            continue;
        }
        server.socket.adopt(std::move(one.stream));
        server.connected = true;
        engine_.upstream_connected(server.id, now);
        watch(server, now);
    }
}

std::optional<std::size_t> Relay::number_of(const std::string& name) const {
    const auto found = std::find(behind_.names.begin(), behind_.names.end(), name);
    return behind_.servers == nullptr || found == behind_.names.end()
               ? std::nullopt
               : std::optional(static_cast<std::size_t>(found - behind_.names.begin()));
}

void Relay::begin_inside(Server& server, std::size_t number, std::optional<std::uint16_t> port) {
    const Place& place = behind_.servers->places().at(number);
    const std::uint16_t at = port.value_or(place.port);
    const bool ipv6 = place.ipv6 && at == place.port;
    server.name = fmt::format("{}:{}", behind_.names[number], at);
    server.candidates.push_back({*wire::IpAddress::parse(ipv6 ? "::1" : "127.0.0.1"), at});
    // A socket belongs to the network that it was made in, whoever connects it.
    StageMessage order;
    order.type = StageMessage::Type::open;
    order.token = server.id.connection;
    order.value = ipv6 ? AF_INET6 : AF_INET;
    behind_.servers->send(order);
}

void Relay::take_sockets(Instant now) {
    StageMessage news;
    Heard heard = behind_.servers->next(news);
    for (; heard == Heard::message; heard = behind_.servers->next(news)) {
        if (news.type == StageMessage::Type::server_ended) {
            notices_.push_back({"server-ended", std::move(news.text)});
            continue;
        }
        const auto found = servers_.find(news.token);
        if (news.type != StageMessage::Type::opened || found == servers_.end()) {
            continue;
        }
        Server& server = found->second;
        if (news.descriptors.empty()) {
            fail(server, news.value != 0 ? news.value : EMFILE, now);
            continue;
        }
        const wire::Endpoint to = server.candidates.back();
        server.candidates.pop_back();
        if (const int error = server.socket.connect(to, std::move(news.descriptors.front()));
            error != 0) {
            fail(server, error, now);
        } else {
            watch(server, now);
        }
    }
    if (heard == Heard::closed) {
        notices_.push_back({"server-ended",
                            "The servers of the run are gone: the process that "
                            "started them was ended."});
        epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, behind_.servers->fd(), nullptr);
    }
}

}  // namespace ghostpeer::servers
