#include "peer/cookies.hpp"

#include "wire/ip_packet.hpp"
#include "wire/option_layout.hpp"
#include "wire/tcp_option.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace ghostpeer::peer {
namespace {

constexpr std::size_t most_remembered = 1024;
constexpr std::size_t head = 2;  // of an option: its number and its length

/// What the option holds, if it is there.
[[nodiscard]] std::optional<wire::Bytes> find_cookie(wire::ByteView options) {
    for (std::size_t at = 0; at + 1 < options.size() && options[at] != wire::option::end;) {
        if (options[at] == wire::option::nop) {
            ++at;
            continue;
        }
        const std::size_t length = options[at + 1];
        if (length < head || length > options.size() - at) {
            break;
        }
        if (options[at] == wire::option::fast_open) {
            const auto content = options.subspan(at + head, length - head);
            return wire::Bytes(content.begin(), content.end());
        }
        at += length;
    }
    return std::nullopt;
}

}  // namespace

bool has_fast_open(const wire::Options& options) noexcept {
    return std::find(options.skipped.begin(), options.skipped.end(), wire::option::fast_open) !=
           options.skipped.end();
}

void Cookies::note(const wire::Segment& syn, std::span<const std::uint8_t> packet) {
    const wire::Flow flow{syn.destination, syn.source};
    if (!has_fast_open(syn.options)) {
        arrived_.erase(flow);
        return;
    }
    const auto ip = wire::open_ip_packet(packet, false);
    if (!ip || ip->payload.size() < wire::min_tcp_header) {
        return;
    }
    if (arrived_.size() >= most_remembered) {
        arrived_.clear();  // of SYNs that opened nothing
    }
    const std::size_t header = std::min(std::size_t{ip->payload[12]} / 16 * 4, ip->payload.size());
    if (header > wire::min_tcp_header) {
        note_change(flow, {ip->payload.begin() + wire::min_tcp_header,
                           ip->payload.begin() + static_cast<std::ptrdiff_t>(header)});
    }
}

void Cookies::note_change(const wire::Flow& flow, const wire::Bytes& options) {
    if (auto cookie = find_cookie(options)) {
        arrived_[flow] = std::move(*cookie);
    } else {
        arrived_.erase(flow);
    }
}

tcp::FastOpen Cookies::take(const flows::Connection& connection, const wire::Segment& syn) {
    using FastOpen = tcp::FastOpen;
    const auto known = arrived_.find(connection.flow);
    if (known == arrived_.end()) {
        return FastOpen::no;
    }
    const wire::Bytes cookie = known->second;
    arrived_.erase(known);
    // There is no room for both a cookie and a signature.
    if (!has_fast_open(syn.options) || !connection.behaviour->tcp.md5_key.empty()) {
        return FastOpen::no;
    }
    return cookie == own(connection.flow) ? FastOpen::good_cookie : FastOpen::asked;
}

wire::Bytes Cookies::option(const wire::Flow& flow) const {
    const wire::Bytes cookie = own(flow);
    wire::Bytes option(head + cookie.size(), wire::option::fast_open);
    option[1] = static_cast<std::uint8_t>(option.size());
    std::copy(cookie.begin(), cookie.end(), option.begin() + head);
    return option;
}

/// Of the two addresses, as Linux's (tcp_fastopen_cookie_gen).
wire::Bytes Cookies::own(const wire::Flow& flow) const {
    constexpr std::uint64_t of_cookies = 0xd6e8feb86659fd93U;
    std::uint64_t rest =
        wire::FlowHash{seed_ ^ of_cookies}({{flow.local.address, 0}, {flow.remote.address, 0}});
    wire::Bytes cookie;
    for (std::size_t i = 0; i < sizeof rest; ++i, rest >>= 8U) {
        cookie.push_back(static_cast<std::uint8_t>(rest));
    }
    return cookie;
}

}  // namespace ghostpeer::peer
