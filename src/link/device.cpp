#include "link/device.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace ghostpeer::link {

ReceiveStatus DeviceLink::receive(PacketBatch& batch) {
    // Frames that carry no IP are skipped, but not for ever.
    constexpr int most_reads = 64;
    const std::size_t before = batch.size();
    for (int reads = 0; reads < most_reads && batch.size() == before; ++reads) {
        const ssize_t got = ::read(device_.get(), buffer_.get(), max_unsegmented);
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            return status_of(errno);
        }
        const std::size_t size = static_cast<std::size_t>(got);
        VirtioHeader header;
        const std::size_t before_frame = with_header_ ? sizeof header : 0;
        if (size < before_frame + link_header_) {
            continue;
        }
        std::copy_n(buffer_.get(), before_frame, reinterpret_cast<std::uint8_t*>(&header));
        const auto frame = ByteView(buffer_.get(), size).subspan(before_frame);
        if (carries_ip(frame)) {
            append_as_on_wire(batch, frame.subspan(link_header_), header, link_header_);
        }
    }
    return {ReceiveStatus::Kind::more};
}

tl::expected<void, int> DeviceLink::send(ByteView ip_packet) noexcept {
    if (ip_packet.empty()) {
        return tl::unexpected(EINVAL);
    }
    if (ip_packet.size() > mtu_) {
        return tl::unexpected(EMSGSIZE);
    }
    if (in_burst_ && with_header_) {
        const std::size_t place = in_burst_count_++;
        try {
            if (hold(ip_packet, place)) {
                return {};
            }
            write_burst();
            if (hold(ip_packet, place)) {
                return {};
            }
        } catch (...) {
            return tl::unexpected(ENOMEM);
        }
    }
    // No offload is asked for: what the packet says of itself, right or wrong, is what the
    // kernel gets to see.
    return write({}, ip_packet);
}

void DeviceLink::begin_burst() noexcept {
    in_burst_ = true;
    in_burst_count_ = 0;
    lost_.clear();
}

std::span<const std::size_t> DeviceLink::end_burst() noexcept {
    in_burst_ = false;
    try {
        write_burst();
    } catch (...) {
        // No memory to note the loss: then it is not told.
    }
    return lost_;
}

bool DeviceLink::hold(ByteView ip_packet, std::size_t place) {
    if (!burst_.hold(ip_packet)) {
        return false;
    }
    if (held_count_ == 0) {
        held_from_ = place;
    }
    ++held_count_;
    return true;
}

void DeviceLink::write_burst() {
    if (burst_.empty()) {
        return;
    }
    const bool sent = write(burst_.header(link_header_), burst_.packet()).has_value();
    burst_.clear();
    const std::size_t end = held_from_ + std::exchange(held_count_, 0);
    for (std::size_t place = held_from_; !sent && place < end; ++place) {
        lost_.push_back(place);
    }
}

tl::expected<void, int> DeviceLink::write(VirtioHeader header, ByteView ip_packet) noexcept {
    const ByteView link_header = header_for(ip_packet);
    const ByteView virtio(reinterpret_cast<const std::uint8_t*>(&header),
                          with_header_ ? sizeof header : 0);
    const auto put = [](auto call) -> tl::expected<void, int> {
        while (call() < 0) {
            if (errno != EINTR) {
                return tl::unexpected(errno);
            }
        }
        return {};
    };
    // To copy a small packet costs less than to have the kernel gather it.
    std::array<std::uint8_t, 512> whole;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    if (virtio.size() + link_header.size() + ip_packet.size() <= whole.size()) {
        auto end = std::copy(virtio.begin(), virtio.end(), whole.begin());
        end = std::copy(link_header.begin(), link_header.end(), end);
        end = std::copy(ip_packet.begin(), ip_packet.end(), end);
        const auto size = static_cast<std::size_t>(end - whole.begin());
        return put([&] { return ::write(device_.get(), whole.data(), size); });
    }
    // writev does not write to what it is given; iovec has no const form.
    const auto part = [](ByteView bytes) {
        return iovec{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    };
    const std::array<iovec, 3> parts{part(virtio), part(link_header), part(ip_packet)};
    return put([&] { return ::writev(device_.get(), parts.data(), parts.size()); });
}

}  // namespace ghostpeer::link
