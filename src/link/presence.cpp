#include "link/presence.hpp"

#include <algorithm>
#include <chrono>

namespace ghostpeer::link {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_parked = 8;
constexpr std::size_t most_wanted = 256;
constexpr unsigned most_asked = 3;     ///< MAX_MULTICAST_SOLICIT of RFC 4861, 10
constexpr Duration ask_interval = 1s;  ///< RETRANS_TIMER
constexpr std::size_t most_frames = 1024;

[[nodiscard]] bool is_link_local(const wire::IpAddress& address) noexcept {
    return !address.is_v4() && address.bytes()[0] == 0xfe && (address.bytes()[1] & 0xc0) == 0x80;
}

}  // namespace

bool OwnAddress::reaches(const wire::IpAddress& other) const noexcept {
    if (address.is_v4() != other.is_v4()) {
        return false;
    }
    const unsigned bits = prefix + (address.is_v4() ? 96U : 0U);
    const auto& a = address.bytes();
    const auto& b = other.bytes();
    for (unsigned i = 0; i < a.size() && i * 8 < bits; ++i) {
        const unsigned left = std::min(8U, bits - i * 8);
        if (((a[i] ^ b[i]) >> (8U - left)) != 0) {
            return false;
        }
    }
    return true;
}

Presence::Presence(PresenceSpec spec, Instant now) : spec_(std::move(spec)) {
    std::uint64_t seed = spec_.seed;
    for (const OwnAddress& own : spec_.addresses) {
        own_.push_back({own, Claim(own.address.is_v4() ? spec_.v4 : spec_.v6, seed, now)});
        seed += 0x9e3779b97f4a7c15ULL;
    }
    report_listening();
}

void Presence::report_listening() {
    std::vector<wire::IpAddress> groups;
    for (const Own& own : own_) {
        if (!own.own.address.is_v4() && own.claim.state() <= Claim::State::claimed) {
            groups.push_back(own.own.address);
        }
    }
    if (!groups.empty()) {
        frames_.push_back(make_listener_report(spec_.own, groups));
    }
}

void Presence::carry_out(const Own& own, Claim::Send what) {
    switch (what) {
        case Claim::Send::nothing: break;
        case Claim::Send::probe: frames_.push_back(make_probe(spec_.own, own.own.address)); break;
        case Claim::Send::announcement:
            frames_.push_back(make_announcement(spec_.own, own.own.address));
            break;
    }
}

void Presence::note(const Own& own, std::optional<MacAddress> rival, bool defended) {
    const Claim::State state = own.claim.state();
    if (state == Claim::State::taken || state == Claim::State::lost) {
        gave_up_.push_back(own.own.address);
    }
    changes_.push_back({own.own.address, state, rival, defended});
}

void Presence::on_frame(ByteView frame, Instant now) {
    const auto message = parse_neighbour_message(frame);
    if (!message || frames_.size() >= most_frames) {
        return;
    }
    if (message->kind == NeighbourMessage::Kind::query) {
        report_listening();
        return;
    }
    // What we have sent ourselves may come back, from a bridge with a loop.
    if (message->source == spec_.own || message->mac == spec_.own) {
        return;
    }
    for (Own& own : own_) {
        answer(own, *message, now);
    }
    // A neighbour that is known or looked for; others would only fill the table.
    const bool tells = message->kind == NeighbourMessage::Kind::reply;
    const auto teller = tells ? std::optional(message->target) : message->sender;
    if (teller && (wanted_.contains(*teller) || neighbours_.find(*teller) != nullptr)) {
        neighbours_.learn(*teller, message->mac);
        if (const auto wanted = wanted_.find(*teller); wanted != wanted_.end()) {
            std::move(wanted->second.packets.begin(), wanted->second.packets.end(),
                      std::back_inserter(released_));
            wanted_.erase(wanted);
        }
    }
}

void Presence::answer(Own& own, const NeighbourMessage& message, Instant now) {
    const wire::IpAddress& address = own.own.address;
    const bool asks = message.kind == NeighbourMessage::Kind::request;
    // ARP tells the sender's address with every packet; an advertisement is about its target.
    const bool uses = asks ? message.sender == address : message.target == address;
    const bool wants = asks && !message.sender && message.target == address;
    if (uses || wants) {
        const Claim::State before = own.claim.state();
        const auto send = own.claim.on_rival(uses ? Claim::Rival::uses : Claim::Rival::wants, now);
        carry_out(own, send);
        if (own.claim.state() != before || send != Claim::Send::nothing) {
            note(own, message.mac, own.claim.state() == Claim::State::claimed);
        }
    }
    if (asks && !uses && message.target == address && own.claim.state() == Claim::State::claimed) {
        if (message.sender) {
            neighbours_.learn(*message.sender, message.mac);
        }
        frames_.push_back(make_reply(spec_.own, address, message));
    }
}

void Presence::on_host_address(const wire::IpAddress& address) {
    for (Own& own : own_) {
        if (own.own.address == address && own.claim.state() <= Claim::State::claimed) {
            own.claim.give_up();
            note(own, std::nullopt);
        }
    }
}

void Presence::on_time(Instant now) {
    for (Own& own : own_) {
        const Claim::State before = own.claim.state();
        carry_out(own, own.claim.on_time(now));
        if (own.claim.state() != before) {
            note(own, std::nullopt);
        }
    }
    for (auto wanted = wanted_.begin(); wanted != wanted_.end();) {
        Wanted& one = wanted->second;
        if (one.next && *one.next > now) {
            ++wanted;
        } else if (one.asked == most_asked) {
            wanted = wanted_.erase(wanted);
        } else {
            ++one.asked;
            one.next = now + ask_interval;
            ask_for(wanted->first);
            ++wanted;
        }
    }
}

void Presence::ask_for(const wire::IpAddress& neighbour) {
    const Own* best = nullptr;
    for (const Own& own : own_) {
        if (own.claim.state() == Claim::State::claimed &&
            own.own.address.is_v4() == neighbour.is_v4() &&
            (best == nullptr || own.own.reaches(neighbour))) {
            best = &own;
        }
    }
    if (best != nullptr) {
        frames_.push_back(make_request(spec_.own, best->own.address, neighbour));
    }
}

std::optional<Instant> Presence::next_deadline() const noexcept {
    std::optional<Instant> next;
    const auto consider = [&](Instant at) { next = next ? std::min(*next, at) : at; };
    for (const Own& own : own_) {
        if (const auto due = own.claim.next_deadline()) {
            consider(*due);
        }
    }
    for (const auto& [address, wanted] : wanted_) {
        consider(wanted.next.value_or(run_start));
    }
    // Frames may have been made since the driver last took them, by `park` and on construction.
    if (!frames_.empty() || !released_.empty() || !changes_.empty()) {
        consider(run_start);
    }
    return next;
}

void Presence::take_frames(std::vector<Frame>& into) {
    std::move(frames_.begin(), frames_.end(), std::back_inserter(into));
    frames_.clear();
}

std::vector<Presence::Change> Presence::take_changes() { return std::exchange(changes_, {}); }

void Presence::take_released(std::vector<std::vector<std::uint8_t>>& into) {
    std::move(released_.begin(), released_.end(), std::back_inserter(into));
    released_.clear();
}

bool Presence::settled() const noexcept {
    return std::none_of(own_.begin(), own_.end(),
                        [](const Own& own) { return own.claim.state() == Claim::State::probing; });
}

std::vector<wire::IpAddress> Presence::held() const {
    std::vector<wire::IpAddress> addresses;
    for (const Own& own : own_) {
        if (own.claim.state() == Claim::State::claimed) {
            addresses.push_back(own.own.address);
        }
    }
    return addresses;
}

bool Presence::gave_up(const wire::IpAddress& address) const noexcept {
    return std::find(gave_up_.begin(), gave_up_.end(), address) != gave_up_.end();
}

wire::IpAddress Presence::next_hop(const wire::IpAddress& destination) const {
    const auto near = [&](const Own& own) { return own.own.reaches(destination); };
    if (is_link_local(destination) || std::any_of(own_.begin(), own_.end(), near)) {
        return destination;
    }
    for (const wire::IpAddress& gateway : spec_.gateways) {
        if (gateway.is_v4() == destination.is_v4()) {
            return gateway;
        }
    }
    return destination;
}

const MacAddress* Presence::find(const wire::IpAddress& destination) const {
    if (const MacAddress* mac = neighbours_.find(destination)) {
        return mac;
    }
    const wire::IpAddress hop = next_hop(destination);
    return hop == destination ? nullptr : neighbours_.find(hop);
}

void Presence::park(const wire::IpAddress& destination, ByteView packet) {
    const wire::IpAddress hop = next_hop(destination);
    if (!wanted_.contains(hop) && wanted_.size() >= most_wanted) {
        return;
    }
    Wanted& wanted = wanted_[hop];
    if (wanted.packets.size() < most_parked) {
        wanted.packets.emplace_back(packet.begin(), packet.end());
    }
}

}  // namespace ghostpeer::link
