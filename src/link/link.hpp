// How packets come from the kernel under test and go back to it.
#pragma once

#include "link/packet_batch.hpp"
#include "posix/file_descriptor.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace ghostpeer::link {

/// Why a link cannot be had.
struct Error {
    std::string message;  ///< complete sentences: what happened, why, what to do
    int code = 0;         ///< errno of the call that failed
};

/// How a `receive` ended.
struct ReceiveStatus {
    enum class Kind : std::uint8_t {
        drained,  ///< nothing more to read now
        more,     ///< the batch has packets; there may be more
        closed,   ///< the interface is gone and will not come back
        failed,   ///< `error` says why; packets read before it are in the batch
    };
    Kind kind = Kind::drained;
    int error = 0;  ///< errno, for `failed` only
};

/// Carries whole IP packets, as a wire would: no larger than the MTU, checksums filled in.
/// Not for use by several threads at once.
class Link {
  public:
    Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    virtual ~Link() = default;

    /// Readable when there are packets, level-triggered. Owned by the link.
    [[nodiscard]] virtual int poll_fd() const noexcept = 0;
    /// Appends what one read brings to the batch: a packet, or the segments that the kernel
    /// left to a card to cut. Never blocks. No more than that, so that the first packet can be
    /// answered before the next is looked for.
    [[nodiscard]] virtual ReceiveStatus receive(PacketBatch& batch) = 0;
    /// Sends one IP packet; never blocks. On error (errno) the packet is lost, as on a wire:
    /// EMSGSIZE beyond the MTU, EINVAL no IP, EIO or ENETDOWN interface down, EAGAIN or ENOBUFS
    /// no room.
    virtual tl::expected<void, int> send(std::span<const std::uint8_t> ip_packet) noexcept = 0;
    /// From here to `end_burst` the link may hold packets back to send many at once; the order is
    /// kept, and so is what each of them says. For packets that leave at the same instant.
    virtual void begin_burst() noexcept {}
    /// Sends what is held. Which of the packets, counted from 0 since `begin_burst`, were lost
    /// although `send` has returned success; valid until the next `begin_burst`.
    [[nodiscard]] virtual std::span<const std::size_t> end_burst() noexcept { return {}; }
    /// The largest IP packet that can be sent, in bytes.
    [[nodiscard]] virtual std::uint16_t mtu() const noexcept = 0;
    /// For people: `TUN device ghost0, MTU 1500`.
    [[nodiscard]] virtual std::string describe() const = 0;
    /// False if received packets may carry checksums that nobody has computed.
    [[nodiscard]] virtual bool verify_checksums() const noexcept { return true; }
};

}  // namespace ghostpeer::link
