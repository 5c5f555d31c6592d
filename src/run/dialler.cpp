#include "run/dialler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace ghostpeer::run {
namespace {

using namespace std::chrono_literals;

/// The longer the program takes, the rarer a look: hours of virtual time would else be spent so.
[[nodiscard]] Duration pause_after(Duration waited) {
    constexpr Duration shortest = 5ms;
    constexpr Duration longest = 1s;
    constexpr int share = 32;
    return std::clamp(waited / share, shortest, longest);
}

[[nodiscard]] bool is_any(const wire::IpAddress& address) {
    return address == wire::IpAddress::v4(0) || address == wire::IpAddress::v6({});
}

[[nodiscard]] bool takes_v4(const sockets::Listener& listener, const setup::ClientPeer& client) {
    const auto& address = listener.at.address;
    return address == client.program_v4 ||
           (is_any(address) && (address.is_v4() || !listener.v6_only));
}

[[nodiscard]] bool takes_v6(const sockets::Listener& listener, const setup::ClientPeer& client) {
    const auto& address = listener.at.address;
    return address == client.program_v6 || (is_any(address) && !address.is_v4());
}

}  // namespace

Dialler::Dialler(std::vector<setup::ClientPeer> clients, std::vector<wire::Endpoint> guards, int fd,
                 peer::Engine& engine, Instant now)
    : engine_(engine),
      waiting_(std::move(clients)),
      guards_(guards.begin(), guards.end()),
      watcher_(fd),
      begin_(now),
      ask_at_(now) {}

bool Dialler::attend(Instant now) {
    if (ask_at_ && *ask_at_ <= now) {
        watcher_.request();
        ask_at_ = now + pause_after(now - begin_);
    }
    if (auto listeners = watcher_.read()) {
        std::erase_if(*listeners,
                      [&](const auto& listener) { return guards_.contains(listener.at); });
        consider(*listeners, now);
        if (!listeners->empty()) {
            elsewhere_ = *listeners;
        }
        last_seen_ = std::move(*listeners);
    }
    if (waiting_.empty() || watcher_.failure()) {
        ask_at_.reset();
    }
    return true;
}

void Dialler::consider(const std::vector<sockets::Listener>& listeners, Instant now) {
    const auto listens = [](const auto& seen, const setup::ClientPeer& client, auto takes) {
        return std::any_of(seen.begin(), seen.end(), [&](const sockets::Listener& listener) {
            return listener.at.port == client.port && takes(listener, client);
        });
    };
    std::erase_if(waiting_, [&](const setup::ClientPeer& client) {
        if (client.from_v4 && listens(listeners, client, takes_v4)) {
            engine_.dial(
                {client.spec, *client.from_v4, {client.program_v4, client.port}, client.ports},
                now);
            return true;
        }
        // A program that listens with one socket for each family begins with either; only where
        // the next look still finds IPv6 alone is it meant so.
        const bool only_v6 = !client.from_v4 || listens(last_seen_, client, takes_v6);
        if (client.from_v6 && only_v6 && listens(listeners, client, takes_v6)) {
            engine_.dial(
                {client.spec, *client.from_v6, {client.program_v6, client.port}, client.ports},
                now);
            return true;
        }
        return false;
    });
}

std::vector<std::string> Dialler::undialled() const {
    if (watcher_.failure() && !waiting_.empty()) {
        return {*watcher_.failure() + " So the peer did not dial."};
    }
    std::map<std::uint16_t, std::string> sentences;
    for (const setup::ClientPeer& client : waiting_) {
        sentences.try_emplace(client.port, explain(client));
    }
    std::vector<std::string> in_order;
    in_order.reserve(sentences.size());
    for (auto& [port, sentence] : sentences) {
        in_order.push_back(std::move(sentence));
    }
    return in_order;
}

std::string Dialler::explain(const setup::ClientPeer& client) const {
    const std::uint16_t port = client.port;
    std::string text =
        fmt::format("The peer did not dial, because COMMAND never listened on port {} of {} or {}.",
                    port, client.program_v4.to_string(), client.program_v6.to_string());
    if (elsewhere_.empty()) {
        return text;
    }
    std::set<std::string> places;
    bool same_port = false;
    for (const sockets::Listener& listener : elsewhere_) {
        constexpr std::size_t most = 5;
        if (places.size() < most) {
            places.insert(listener.at.to_string());
        }
        same_port = same_port || listener.at.port == port;
    }
    return text + fmt::format(" It listened at {}. {}", fmt::join(places, ", "),
                              same_port ? "Let it listen on every address, or on these."
                                        : "Name the port with --port or in the profile.");
}

}  // namespace ghostpeer::run
