// Addresses, endpoints and flows.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ghostpeer::wire {

/// An IPv4 or IPv6 address, 16 bytes in network order; IPv4 is kept as ::ffff:a.b.c.d
/// (RFC 4291, 2.5.5.2), a form that never stands on the wire.
class IpAddress {
  public:
    constexpr IpAddress() noexcept = default;

    /// An IPv4 address from its number in host byte order (198.18.0.1 is 0xc6120001).
    [[nodiscard]] static IpAddress v4(std::uint32_t host_order) noexcept;
    /// An IPv6 address from its 16 bytes in network order.
    [[nodiscard]] static IpAddress v6(const std::array<std::uint8_t, 16>& bytes) noexcept;
    /// `198.18.0.2`, `2001:2::2`, `[2001:2::2]`; nothing for any other text.
    [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);

    [[nodiscard]] bool is_v4() const noexcept;
    /// Only for IPv4: the number in host byte order.
    [[nodiscard]] std::uint32_t v4_host_order() const noexcept;
    /// 16 bytes in network order (IPv4 as ::ffff:a.b.c.d).
    [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
    /// `198.18.0.2` or `2001:2::2`.
    [[nodiscard]] std::string to_string() const;
    void append_to(std::string& text) const;

    // NOLINTNEXTLINE(modernize-use-nullptr): takes the comparison's own 0 for a pointer
    friend auto operator<=>(const IpAddress&, const IpAddress&) noexcept = default;

  private:
    std::array<std::uint8_t, 16> bytes_{};
};

/// An address and a port in host byte order.
struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;

    /// `198.18.0.2:80` or `[2001:2::2]:80`.
    [[nodiscard]] std::string to_string() const;
    void append_to(std::string& text) const;
    // NOLINTNEXTLINE(modernize-use-nullptr): what the compiler makes of it compares with 0
    friend auto operator<=>(const Endpoint&, const Endpoint&) noexcept = default;
};

/// The 4-tuple of a connection. `local` is the peer's end, `remote` the end of the program under
/// test.
struct Flow {
    Endpoint local;
    Endpoint remote;
    friend auto operator<=>(const Flow&, const Flow&) noexcept = default;  // NOLINT
};

/// Keyed hash, so that a program cannot choose ports that collide (the run's seed is the key).
struct FlowHash {
    std::uint64_t key = 0;
    [[nodiscard]] std::size_t operator()(const Flow& flow) const noexcept;
};

}  // namespace ghostpeer::wire

template <>
struct std::hash<ghostpeer::wire::IpAddress> {
    std::size_t operator()(const ghostpeer::wire::IpAddress& address) const noexcept;
};
template <>
struct std::hash<ghostpeer::wire::Endpoint> {
    std::size_t operator()(const ghostpeer::wire::Endpoint& endpoint) const noexcept;
};
