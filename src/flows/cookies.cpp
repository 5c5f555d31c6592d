#include "flows/cookies.hpp"

#include "rules/forged.hpp"
#include "wire/ip_packet.hpp"
#include "wire/option_layout.hpp"
#include "wire/tcp_option.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

namespace ghostpeer::flows {
namespace {

constexpr std::size_t most_remembered = 1024;
constexpr std::size_t head = 2;  // of an option: its number and its length

/// A request, or 4 to 16 bytes, an even number; any other length counts as no option (RFC 7413,
/// 4.1.1).
[[nodiscard]] constexpr bool is_length_of_cookie(std::size_t size) noexcept {
    constexpr std::size_t least = 4;
    constexpr std::size_t most = 16;
    return size == 0 || (size >= least && size <= most && size % 2 == 0);
}

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
        if (options[at] == wire::option::fast_open && is_length_of_cookie(length - head)) {
            const auto content = options.subspan(at + head, length - head);
            return wire::Bytes(content.begin(), content.end());
        }
        at += length;
    }
    return std::nullopt;
}

/// Has it the option among those that are told of it?
[[nodiscard]] bool has_fast_open(const wire::Options& options) noexcept {
    return std::find(options.skipped.begin(), options.skipped.end(), wire::option::fast_open) !=
           options.skipped.end();
}

/// Is there room for `size` more bytes of options, behind the segment's own and what a rule adds?
[[nodiscard]] bool has_room(const wire::Segment& segment, const wire::Distortion* lie,
                            std::size_t size) {
    constexpr std::size_t largest_header = 60;
    constexpr std::size_t word = 4;
    const std::size_t added = size + (lie != nullptr ? lie->more_options.size() : 0);
    const std::size_t kept_free = lie != nullptr && lie->md5_key ? wire::signature_room : 0;
    return wire::tcp_header_size(segment.options) + (added + word - 1) / word * word + kept_free <=
           largest_header;
}

}  // namespace

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
    const std::size_t header = std::min(std::size_t{ip->payload[12]} / 16 * 4, ip->payload.size());
    if (header > wire::min_tcp_header) {
        put(flow, ip->payload.subspan(wire::min_tcp_header, header - wire::min_tcp_header));
    }
}

void Cookies::note_change(const wire::Flow& flow, const rules::Forged& changed,
                          wire::Segment& read) {
    const auto& changes = changed.forgery.changes;
    const wire::Distortion& lie = changed.forgery.distortion;
    if (std::find(changes.begin(), changes.end(), "fast_open") != changes.end() ||
        (!lie.options && has_fast_open(wire::read_options(lie.more_options)))) {
        put(flow, lie.more_options);
    } else if (lie.options) {
        put(flow, *lie.options);
    } else if (has_fast_open(changed.segment.options) && !has_fast_open(read.options)) {
        read.options.skipped = changed.segment.options.skipped;
    }
}

void Cookies::put(const wire::Flow& flow, wire::ByteView options) {
    auto cookie = find_cookie(options);
    if (!cookie) {
        arrived_.erase(flow);
        return;
    }
    if (arrived_.size() >= most_remembered) {
        arrived_.clear();  // of SYNs that opened nothing
    }
    arrived_[flow] = std::move(*cookie);
}

tcp::FastOpen Cookies::take(const Connection& connection, const wire::Segment& syn) {
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

wire::Bytes Cookies::option(const wire::Flow& flow, wire::Segment& segment,
                            const wire::Distortion* lie) const {
    if (!segment.has(wire::Flags::syn | wire::Flags::ack) || !has_fast_open(segment.options) ||
        (lie != nullptr &&
         (lie->options || has_fast_open(wire::read_options(lie->more_options))))) {
        return {};
    }
    const wire::Bytes cookie = own(flow);
    if (!has_room(segment, lie, head + cookie.size())) {
        auto& told = segment.options.skipped;
        std::fill(std::remove(told.begin(), told.end(), wire::option::fast_open), told.end(),
                  std::uint8_t{0});
        return {};
    }
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

}  // namespace ghostpeer::flows
