#include "packets/loading.hpp"

#include "packets/capture_file.hpp"
#include "packets/module.hpp"
#include "posix/file_descriptor.hpp"
#include "posix/message.hpp"

#ifdef GHOSTPEER_STATIC
#include "packets/linked.hpp"
#else
#include "posix/module.hpp"
#endif

#include <fcntl.h>
#include <system_error>

namespace ghostpeer {
namespace {

/// So that the module can be had when every other descriptor is in use.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
FileDescriptor spare;

[[nodiscard]] wire::PacketLibrary& load() noexcept {
    spare.reset();
    const auto entry = load_module("packets", packets::entry);
    if (!entry) {
        complain(entry.error() +
                 " Without it the run goes on, but names, ping and ICMP errors get no "
                 "answer.");
        return wire::no_packet_library();
    }
    return reinterpret_cast<packets::Entry>(*entry)();
}

/// Loads the module where it is first asked.
class LoadedWhenNeeded final : public wire::PacketLibrary {
  public:
    using Packet = std::span<const std::uint8_t>;
    using Bytes = wire::Bytes;

    [[nodiscard]] std::optional<Bytes> icmp_error(const wire::IcmpMessage& message,
                                                  Packet packet) noexcept override {
        return loaded().icmp_error(message, packet);
    }
    [[nodiscard]] std::optional<Bytes> protocol_unreachable(Packet packet) noexcept override {
        return loaded().protocol_unreachable(packet);
    }
    [[nodiscard]] std::optional<Bytes> echo_reply(Packet packet) noexcept override {
        return loaded().echo_reply(packet);
    }
    [[nodiscard]] std::optional<wire::Datagram> decode_datagram(
        Packet packet, const wire::DecodeOptions& options) noexcept override {
        return loaded().decode_datagram(packet, options);
    }
    [[nodiscard]] Bytes encode(const wire::Datagram& datagram) noexcept override {
        return loaded().encode(datagram);
    }
    [[nodiscard]] std::optional<wire::DnsQuery> parse_dns_query(Packet message) noexcept override {
        return loaded().parse_dns_query(message);
    }
    [[nodiscard]] Bytes compose_dns_answer(
        const wire::DnsQuery& query, wire::DnsOutcome outcome,
        std::span<const wire::IpAddress> addresses) noexcept override {
        return loaded().compose_dns_answer(query, outcome, addresses);
    }
    [[nodiscard]] Bytes dns_format_error(Packet message) noexcept override {
        return loaded().dns_format_error(message);
    }
    [[nodiscard]] Bytes dns_truncated(const wire::DnsQuery& query) noexcept override {
        return loaded().dns_truncated(query);
    }

  private:
    [[nodiscard]] static wire::PacketLibrary& loaded() noexcept {
        // NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): there is one module.
        static wire::PacketLibrary& library = load();
        return library;
    }
};

}  // namespace

namespace packets {

wire::PacketLibrary& packet_library() noexcept {
    static LoadedWhenNeeded library;
    return library;
}

std::string load_packet_module() {
    const auto entry = load_module("packets", packets::entry);
    return entry ? std::string{} : entry.error();
}

OpenedCapture open_capture(const std::string& path) {
    const auto entry = load_module("packets", capture_entry);
    if (!entry) {
        return tl::make_unexpected(entry.error());
    }
    OpenedCapture opened = tl::make_unexpected(std::string());
    reinterpret_cast<CaptureEntry> (*entry)(path, opened);
    if (!opened && opened.error().empty()) {
        opened = tl::make_unexpected(path + " cannot be read: there is no memory.");
    }
    return opened;
}

std::string missing_packet_module() {
    const auto found = find_module("packets");
    return found ? std::string{} : found.error();
}

void keep_a_descriptor_for_packet_module() {
    spare = FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

std::jthread begin_to_load_packet_module() {
    try {
        return std::jthread([] { static_cast<void>(load_packet_module()); });
    } catch (const std::system_error&) {
        static_cast<void>(load_packet_module());  // no thread can be had
        return {};
    }
}

}  // namespace packets
}  // namespace ghostpeer
