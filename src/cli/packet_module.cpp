#include "run/packet_module.hpp"

#include "packets/module.hpp"
#include "posix/file_descriptor.hpp"
#include "posix/message.hpp"
#include "posix/module.hpp"

#include <fcntl.h>
#include <system_error>

namespace ghostpeer {
namespace {

/// So that the module can be had when every other descriptor is in use.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
FileDescriptor spare;

/// In place of the module where it cannot be had: what is no TCP gets no answer.
[[nodiscard]] const packets::Functions& silence() noexcept {
    using namespace wire;
    static const packets::Functions functions{
        {[](IcmpKind, std::uint16_t, std::span<const std::uint8_t>) noexcept
         -> std::optional<Bytes> { return std::nullopt; },
         [](std::span<const std::uint8_t>) noexcept -> std::optional<Bytes> {
             return std::nullopt;
         },
         [](std::span<const std::uint8_t>) noexcept -> std::optional<Bytes> {
             return std::nullopt;
         },
         [](std::span<const std::uint8_t>,
            const DecodeOptions&) noexcept -> std::optional<Datagram> { return std::nullopt; },
         [](const Datagram&) noexcept { return Bytes{}; },
         [](std::span<const std::uint8_t>) -> std::optional<DnsQuery> { return std::nullopt; },
         [](const DnsQuery&, DnsOutcome, std::span<const IpAddress>) noexcept { return Bytes{}; },
         [](std::span<const std::uint8_t>) noexcept { return Bytes{}; },
         [](const DnsQuery&) noexcept { return Bytes{}; }},
        [](show::OutputFile, Duration) -> std::unique_ptr<event::Sink> { return nullptr; }};
    return functions;
}

[[nodiscard]] const packets::Functions& load() noexcept {
    spare.reset();
    const auto entry = load_module("packets", packets::entry);
    if (!entry) {
        complain(entry.error() +
                 " Without it the run goes on, but names, ping and ICMP errors get no "
                 "answer.");
        return silence();
    }
    return reinterpret_cast<packets::Entry>(*entry)();
}

[[nodiscard]] const packets::Functions& module() noexcept {
    static const packets::Functions& functions = load();
    return functions;
}

}  // namespace

// The linker takes these in place of those in the rooms' libraries, and with them neither libtins
// nor libpcap, which together take as long to load as the rest of a run's start. A run whose
// profile or options will need them loads them while its sandbox is being made and COMMAND begins;
// any other one with the first packet that is no TCP and wants an answer.

namespace wire {

std::optional<Bytes> icmp_error(IcmpKind kind, std::uint16_t mtu,
                                std::span<const std::uint8_t> packet) noexcept {
    return module().wire.icmp(kind, mtu, packet);
}
std::optional<Bytes> protocol_unreachable(std::span<const std::uint8_t> packet) noexcept {
    return module().wire.no_such_protocol(packet);
}
std::optional<Bytes> echo_reply(std::span<const std::uint8_t> packet) noexcept {
    return module().wire.echo(packet);
}
std::optional<Datagram> decode_datagram(std::span<const std::uint8_t> packet,
                                        const DecodeOptions& options) noexcept {
    return module().wire.from_datagram(packet, options);
}
Bytes encode(const Datagram& datagram) noexcept { return module().wire.datagram(datagram); }
std::optional<DnsQuery> parse_dns_query(std::span<const std::uint8_t> message) {
    return module().wire.dns_query(message);
}
Bytes compose_dns_answer(const DnsQuery& query, DnsOutcome outcome,
                         std::span<const IpAddress> addresses) noexcept {
    return module().wire.dns_answer(query, outcome, addresses);
}
Bytes dns_format_error(std::span<const std::uint8_t> message) noexcept {
    return module().wire.dns_error(message);
}
Bytes dns_truncated(const DnsQuery& query) noexcept { return module().wire.dns_cut(query); }

}  // namespace wire

namespace show {

std::unique_ptr<event::Sink> make_capture(OutputFile file, Duration epoch) {
    return module().make_capture(std::move(file), epoch);
}

}  // namespace show

namespace run {

std::string load_packet_module() {
    const auto entry = load_module("packets", packets::entry);
    return entry ? std::string{} : entry.error();
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

}  // namespace run
}  // namespace ghostpeer
