// Packet captures: what libpcap reads of a file, packet by packet.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace ghostpeer::packets {

/// What stands before the IP header.
enum class LinkType : std::uint8_t {
    ethernet,
    cooked,     ///< LINUX_SLL
    cooked_v2,  ///< LINUX_SLL2
    raw,        ///< nothing
    null,       ///< a family of 4 bytes in the order of the machine that captured
    loop,       ///< the same in network order
};

struct CapturedPacket {
    Duration at{};                        ///< since 1970
    std::uint32_t length = 0;             ///< on the wire
    std::span<const std::uint8_t> bytes;  ///< until the next one is read; may be cut
};

/// A file that is being read. Nothing of it throws.
class CaptureFile {
  public:
    CaptureFile() = default;
    CaptureFile(const CaptureFile&) = delete;
    CaptureFile& operator=(const CaptureFile&) = delete;
    virtual ~CaptureFile() = default;

    [[nodiscard]] virtual LinkType link_type() const noexcept = 0;
    /// False at the end; what is wrong, where it cannot be read any further (`failure`).
    [[nodiscard]] virtual bool next(CapturedPacket& packet) noexcept = 0;
    /// Why it could not be read to its end, in words and without the file's name; empty: it was.
    [[nodiscard]] virtual const std::string& failure() const noexcept = 0;
    /// How much of the file has been read, and how large it is; 0: not known (a pipe).
    [[nodiscard]] virtual std::uint64_t position() const noexcept = 0;
    [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
};
using OpenedCapture = tl::expected<std::unique_ptr<CaptureFile>, std::string>;

/// pcap or pcapng with any of the link types above; `-`: standard input. The error is a complete
/// sentence that names the way out.
[[nodiscard]] OpenedCapture open_capture(const std::string& path);

}  // namespace ghostpeer::packets
