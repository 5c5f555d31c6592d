#include "link/tun.hpp"

#include "link/device.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace ghostpeer::link {

namespace {

constexpr const char* device_path = "/dev/net/tun";

/// The driver's queue holds 500 packets by default and drops what comes then; a program may open
/// far more connections at once.
constexpr int queue_length = 16384;

Error open_error(int code) {
    std::string message;
    switch (code) {
        case ENOENT:
        case ENODEV:
        case ENXIO:
            message = std::string(device_path) +
                      " is not there, so no TUN device can be made. Load the kernel's driver with "
                      "`modprobe tun`, or use --link ethernet, which needs none.";
            break;
        case EACCES:
        case EPERM:
            message = std::string(device_path) + " may not be opened (" + std::strerror(code) +
                      "): its file mode or the device rules of a container forbid it. Allow it "
                      "(file mode 0666 is the usual one), or use --link ethernet, which does "
                      "without it.";
            break;
        default:
            message = std::string(device_path) + " cannot be opened: " + std::strerror(code) +
                      ". Use --link ethernet, which does without it.";
    }
    return {std::move(message), code};
}

Error create_error(const std::string& name, int code) {
    std::string message = "The TUN device " + name + " cannot be made: ";
    switch (code) {
        case EPERM:
            message +=
                "that needs CAP_NET_ADMIN in the network namespace, which this process does not "
                "have (EPERM). Use --link ethernet, or run where user namespaces are allowed.";
            break;
        case EBUSY:
            message += "an interface of that name exists already in this network namespace.";
            break;
        default:
            message +=
                std::string(std::strerror(code)) + ". Use --link ethernet, which does without it.";
    }
    return {std::move(message), code};
}

ifreq request_for(const std::string& name) noexcept {
    ifreq request{};
    name.copy(request.ifr_name, IFNAMSIZ - 1);
    return request;
}

/// A short queue is no reason to fail, so errors are passed over.
void lengthen_queue(const std::string& name) noexcept {
    const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request = request_for(name);
    request.ifr_qlen = queue_length;
    (void)::ioctl(socket.get(), SIOCSIFTXQLEN, &request);
}

class TunLink final : public DeviceLink {
  public:
    TunLink(FileDescriptor tun, std::uint16_t mtu, const ifreq& interface)
        : DeviceLink(std::move(tun), mtu, 0, (interface.ifr_flags & IFF_VNET_HDR) != 0),
          name_(interface.ifr_name) {}

    [[nodiscard]] std::string describe() const override {
        return "TUN device " + name_ + ", MTU " + std::to_string(mtu());
    }

  private:
    [[nodiscard]] bool carries_ip(ByteView /*frame*/) noexcept override { return true; }
    [[nodiscard]] ByteView header_for(ByteView /*ip_packet*/) noexcept override { return {}; }
    [[nodiscard]] ReceiveStatus status_of(int error) const noexcept override {
        switch (error) {
            case EAGAIN: return {ReceiveStatus::Kind::drained};
            // tun_do_read and tun_chr_read_iter once the device has been unregistered.
            case EBADFD: return {ReceiveStatus::Kind::closed};
            default: return {ReceiveStatus::Kind::failed, error};
        }
    }

    std::string name_;
};

}  // namespace

tl::expected<FileDescriptor, Error> open_tun_device(const std::string& name) {
    FileDescriptor tun(::open(device_path, O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!tun) {
        return tl::unexpected(open_error(errno));
    }
    ifreq request = request_for(name);
    // With a virtio header before each packet the kernel hands over up to 64 KiB in one read.
    request.ifr_flags = static_cast<short>(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL);
    if (::ioctl(tun.get(), TUNSETIFF, &request) != 0) {
        return tl::unexpected(create_error(name, errno));
    }
    // Without the offloads there is less speed and nothing else, so a refusal is passed over.
    (void)::ioctl(tun.get(), TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN);
    lengthen_queue(name);
    return tun;
}

std::unique_ptr<Link> make_tun_link(FileDescriptor tun, std::uint16_t mtu) {
    ifreq interface {};
    (void)::ioctl(tun.get(), TUNGETIFF, &interface);
    return std::make_unique<TunLink>(std::move(tun), mtu, interface);
}

}  // namespace ghostpeer::link
