// MD5 (RFC 1321), for nothing but TCP's old signatures (RFC 2385).
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "wire/big_endian.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ghostpeer::wire {

using Md5Digest = std::array<std::uint8_t, 16>;

[[nodiscard]] Md5Digest md5(ByteView bytes);

/// The signature of a TCP segment, `tcp` from its header on, which has `header` bytes.
[[nodiscard]] Md5Digest signature(ByteView tcp, std::size_t header, const IpAddress& source,
                                  const IpAddress& destination, std::string_view key);

}  // namespace ghostpeer::wire
