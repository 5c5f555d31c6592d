// What TUN devices and packet sockets have in common: descriptors that take and give one packet
// with a virtio header in each system call.
#pragma once

#include "link/burst.hpp"
#include "link/link.hpp"
#include "link/offload.hpp"

#include <memory>
#include <vector>

namespace ghostpeer::link {

/// A link over such a descriptor. What stands between the virtio header and the IP packet, and
/// what errors mean, is up to the derived class.
class DeviceLink : public Link {
  public:
    [[nodiscard]] int poll_fd() const noexcept final { return device_.get(); }
    [[nodiscard]] ReceiveStatus receive(PacketBatch& batch) final;
    tl::expected<void, int> send(ByteView ip_packet) noexcept override;
    void begin_burst() noexcept override;
    [[nodiscard]] std::span<const std::size_t> end_burst() noexcept final;
    [[nodiscard]] std::uint16_t mtu() const noexcept final { return mtu_; }

  protected:
    /// `with_header`: whether the descriptor has virtio headers at all.
    DeviceLink(FileDescriptor device, std::uint16_t mtu, std::size_t link_header, bool with_header)
        : device_(std::move(device)),
          mtu_(mtu),
          link_header_(link_header),
          with_header_(with_header) {}

  private:
    /// Whether a frame that arrived carries an IP packet.
    [[nodiscard]] virtual bool carries_ip(ByteView frame) noexcept = 0;
    /// The link header to put before an IP packet, `link_header` bytes.
    [[nodiscard]] virtual ByteView header_for(ByteView ip_packet) noexcept = 0;
    /// What a failed read says of the link.
    [[nodiscard]] virtual ReceiveStatus status_of(int error) const noexcept = 0;

    tl::expected<void, int> write(VirtioHeader header, ByteView ip_packet) noexcept;
    /// True if the packet is held now.
    [[nodiscard]] bool hold(ByteView ip_packet, std::size_t place);
    void write_burst();

    FileDescriptor device_;
    std::uint16_t mtu_;
    std::size_t link_header_;
    bool with_header_;
    bool in_burst_ = false;
    Burst burst_;
    std::size_t in_burst_count_ = 0;  ///< packets since `begin_burst`
    std::size_t held_from_ = 0;       ///< of these, those that are held begin here
    std::size_t held_count_ = 0;
    std::vector<std::size_t> lost_;
    /// Of `max_unsegmented` bytes.
    std::unique_ptr<std::uint8_t[]> buffer_ =
        std::make_unique_for_overwrite<std::uint8_t[]>(max_unsegmented);
};

}  // namespace ghostpeer::link
