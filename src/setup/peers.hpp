// `--peer` and PROFILE: who answers where, and under which names.
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "ghostpeer/profile/relays.hpp"
#include "setup/dns_option.hpp"
#include "setup/names.hpp"
#include "setup/run_options.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::setup {

struct HostName {
    std::string name;
    std::vector<std::string> addresses;
};

/// A peer with `role: client`.
struct ClientPeer {
    std::size_t spec = 0;    ///< index among Peers::specs
    std::uint16_t port = 0;  ///< of the program
    std::optional<wire::IpAddress> from_v4;
    std::optional<wire::IpAddress> from_v6;
    wire::IpAddress program_v4;
    wire::IpAddress program_v6;
    std::vector<std::uint16_t> ports;  ///< that it dials from; empty: any
};

/// What the loopback link has to know of the peers.
struct LoopbackPlaces {
    std::vector<wire::Endpoint> places;
    std::vector<wire::Endpoint> with_ipv6;  ///< more of them, where there is IPv6 at all
    std::vector<std::string> addresses;     ///< that `lo` does not have by itself
    std::string notice;  ///< where the peer of PROFILE is, a sentence; empty: there is none
};

/// GHOSTPEER_PORT, where nothing names another.
inline constexpr std::uint16_t default_port = 8080;

/// What the command line says of peers, with profiles loaded and addresses given out.
struct Peers {
    std::vector<peer::PeerSpec> specs;  ///< the more specific first
    std::vector<ClientPeer> clients;
    std::vector<HostName> names;
    std::vector<Assignment> sysctls;  ///< of all profiles, in order
    std::string address;              ///< GHOSTPEER_ADDR
    std::string address6;             ///< GHOSTPEER_ADDR6
    /// GHOSTPEER_PORT: a client's is the program's; else the first that a `--peer` names. Unset:
    /// `default_port`.
    std::optional<std::uint16_t> port;
    LoopbackPlaces loopback;
    std::vector<std::string> remarks;      ///< on the command line, sentences for the trace
    profile::RelayReadiness relays;        ///< what the profiles need
    std::vector<profile::Server> servers;  ///< that the run starts
    NamesByAddress names_by_address;       ///< what `names` says, the other way round
    AddressesByName addresses_by_name;
    std::size_t places_given = 0;  ///< of the private network's, to names; PROFILE has the first
    std::vector<DnsOption> dns;  ///< how names are answered that are asked for; the first that fits
};

/// Where peers are.
enum class Scene : std::uint8_t {
    run,       ///< in COMMAND's private network: they have names, and a name server
    loopback,  ///< at COMMAND's own addresses in its private network: a port each, and names
    serve,     ///< where other hosts are as well
};

[[nodiscard]] inline Scene scene_of(const RunOptions& options) noexcept {
    return options.link == LinkChoice::loopback ? Scene::loopback : Scene::run;
}

/// The error is what to print, one line or several.
[[nodiscard]] tl::expected<Peers, std::string> resolve_peers(
    const CommonOptions& options, Scene scene = Scene::run,
    profile::Waiting waiting = profile::Waiting::allowed);

}  // namespace ghostpeer::setup
