#include "cli/command_line_serve.hpp"

#include "link/lan_filter.hpp"
#include "setup/peer_option.hpp"

#include <algorithm>
#include <charconv>

namespace ghostpeer::cli {
namespace {

constexpr const char* serve_examples =
    R"(The peer stands where programs already run, until SIGTERM or Ctrl-C. Once it can be reached it prints
one line on standard output, `ready:` and its addresses, and tells systemd where that waits for it.
SIGHUP reads the profiles again; if one has an error, that is told and the old ones stay.

  --link ethernet   claims addresses on the network of an interface: needs CAP_NET_RAW
  --link tun        makes a TUN device with a route to the addresses: needs CAP_NET_ADMIN
  --link loopback   takes ports of this host's own addresses: needs CAP_NET_RAW

Examples:
  ghostpeer serve slow-reader --interface eth0 --address 192.0.2.50/24
  ghostpeer serve --interface eth0 --peer 192.0.2.50:5432=silent-after-handshake
  ghostpeer serve refuse-twice --link tun --address 198.18.0.2 --netns my-container
  ghostpeer serve --link loopback --peer 127.0.0.1:8080=refuse

Everything is gone when it ends, however it ends. Exit status: 0 after a signal; 123 an expectation
failed; 124 --timeout passed; 125 ghostpeer could not do its work, or lost its last address.
)";

[[nodiscard]] std::optional<link::OwnAddress> parse_own(const std::string& text) {
    const auto slash = text.find('/');
    const auto address = wire::IpAddress::parse(text.substr(0, slash));
    if (!address) {
        return std::nullopt;
    }
    const unsigned most = address->is_v4() ? 32 : 128;
    unsigned prefix = most;
    if (slash != std::string::npos) {
        const char* const begin = text.data() + slash + 1;
        const char* const end = text.data() + text.size();
        const auto [last, error] = std::from_chars(begin, end, prefix);
        if (error != std::errc{} || last != end || prefix > most) {
            return std::nullopt;
        }
    }
    return link::OwnAddress{*address, prefix};
}

/// Nobody can be at these.
[[nodiscard]] bool names_a_host(const wire::IpAddress& address) {
    if (address.is_v4()) {
        const std::uint32_t number = address.v4_host_order();
        return number >> 24 != 0 && number >> 28 < 0xe;  // 0/8, multicast and beyond
    }
    return address != wire::IpAddress::v6({}) && address.bytes()[0] != 0xff;
}

[[nodiscard]] std::optional<std::string> add_addresses(const RawServe& raw,
                                                       setup::ServeOptions& options) {
    for (const std::string& text : raw.addresses) {
        const auto own = parse_own(text);
        if (!own || !names_a_host(own->address)) {
            return "--address needs an address that a host can have, and the bits of its network, "
                   "such as 192.0.2.50/24 or 2001:db8::50/64, but got \"" +
                   text + "\".";
        }
        options.addresses.push_back(*own);
    }
    for (const std::string& text : options.peers) {
        const auto list = setup::parse_peers(text);
        if (!list) {
            return list.error();
        }
        const setup::PeerOption* const peer = &list->front();
        if (peer->named) {
            return "--peer " + text + ": `serve` gives no names, so \"" + peer->name +
                   "\" has to be an address.";
        }
        const auto same = [&](const link::OwnAddress& own) {
            return own.address == *peer->address;
        };
        if (peer->address &&
            std::none_of(options.addresses.begin(), options.addresses.end(), same)) {
            if (!names_a_host(*peer->address) &&
                options.link != setup::ServeOptions::Link::loopback) {
                return "--peer " + text + ": no host can have that address.";
            }
            options.addresses.push_back({*peer->address, peer->address->is_v4() ? 32U : 128U});
        }
    }
    if (options.addresses.size() > link::max_own_addresses) {
        return "there are more than " + std::to_string(link::max_own_addresses) +
               " addresses for one peer. Let several `ghostpeer serve` share them.";
    }
    for (const std::string& text : raw.gateways) {
        const auto gateway = wire::IpAddress::parse(text);
        if (!gateway || !names_a_host(*gateway)) {
            return "--gateway needs an address such as 192.0.2.1, but got \"" + text + "\".";
        }
        options.gateways.push_back(*gateway);
    }
    return std::nullopt;
}

}  // namespace

void define_serve(CLI::App& serve, RawServe& raw, setup::ServeOptions& options) {
    define_peers(serve, raw, options, "A profile for one address or port of the peer",
                 "[ADDR][:PORT]=PROFILE");
    serve
        .add_option("--link", raw.link,
                    "ethernet (default with --interface), tun or loopback; see below")
        ->type_name("LINK")
        ->check(CLI::IsMember({"ethernet", "tun", "loopback"}).description(""));
    serve
        .add_option("--interface", options.interface,
                    "Where the peer appears; with --link tun the device's name (ghost0)")
        ->type_name("NAME");
    serve
        .add_option("--address", raw.addresses,
                    "An address for the peer that nobody has, and the bits of its network")
        ->type_name("ADDR[/BITS]")
        ->allow_extra_args(false);
    serve
        .add_option("--netns", raw.netns,
                    "Appear in another network namespace: of a process, of `ip netns`, or a file")
        ->type_name("PATH|PID|NAME");
    serve
        .add_option("--mac", raw.mac,
                    "own (default), or interface where the segment carries no second MAC address")
        ->type_name("WHOSE")
        ->check(CLI::IsMember({"own", "interface"}).description(""));
    serve
        .add_option("--gateway", raw.gateways,
                    "The router to what is far, for a peer that dials there")
        ->type_name("ADDR")
        ->allow_extra_args(false);
    serve.add_option("--dial", raw.dial, "Where a profile with `role: client` dials to")
        ->type_name("ADDR:PORT");
    serve.add_option("--probe-time", raw.probe_time,
                     "The longest TIME to look whether an address is taken (IPv4 7s, IPv6 2s)");
    serve
        .add_option("--user", raw.user,
                    "Whom to become once everything is open (root becomes who called sudo, or "
                    "nobody)")
        ->type_name("NAME|UID");
    serve.add_option("--timeout", raw.timeout, "End after it, with status 124 (250ms, 5s, 2m)")
        ->type_name("TIME");
    serve.add_option("--rtt", raw.rtt, "TIME by which everything that the peer says leaves later");
    define_link(serve, raw.way);
    define_observers(serve, raw);
    serve.add_option("--mtu", raw.mtu, "The largest packet, 576 to 65535 (the interface's)")
        ->type_name("BYTES")
        ->check(CLI::Range(576U, 65535U).description(""));
    define_limits(serve, raw, options);
    serve.footer(serve_examples);
}

std::optional<std::string> understand_serve(const RawServe& raw, setup::ServeOptions& options) {
    for (const auto& problem : {understand_common(raw, options),
                                parse_time_option("--probe-time", raw.probe_time, Duration::zero(),
                                                  options.probe_time)}) {
        if (problem) {
            return problem;
        }
    }
    if (options.events_file == "-") {
        return "--events - is of `run`: on standard output `serve` says where it is ready. Name a "
               "file; a named pipe (mkfifo) will do.";
    }
    using Link = setup::ServeOptions::Link;
    if (raw.link.empty() && options.interface.empty()) {
        return "say where the peer is to appear: --interface NAME (a network's), --link tun or "
               "--link loopback.";
    }
    options.link = raw.link == "tun"        ? Link::tun
                   : raw.link == "loopback" ? Link::loopback
                                            : Link::ethernet;
    if (options.link == Link::ethernet && options.interface.empty()) {
        return "--link ethernet needs --interface NAME.";
    }
    if (auto problem = add_addresses(raw, options)) {
        return problem;
    }
    if (!options.profile && options.peers.empty()) {
        return "there is no PROFILE. Name one (`ghostpeer list` shows them), or say --peer "
               "ADDR:PORT=PROFILE.";
    }
    if (options.link != Link::tun && options.addresses.empty()) {
        return options.link == Link::loopback
                   ? "--link loopback needs --peer ADDR:PORT=PROFILE, such as "
                     "127.0.0.1:8080=refuse."
                   : "--interface needs --address ADDR/BITS, an address that nobody has.";
    }
    if (options.link == Link::tun && options.addresses.empty()) {
        options.addresses = {{*wire::IpAddress::parse("198.18.0.2"), 32},
                             {*wire::IpAddress::parse("2001:2::2"), 128}};
    }
    if (!raw.dial.empty()) {
        const auto where = setup::parse_peer(raw.dial + "=x");
        if (!where || !where->address || !where->port) {
            return "--dial needs ADDR:PORT, such as 192.0.2.7:8080, but got \"" + raw.dial + "\".";
        }
        options.dial = wire::Endpoint{*where->address, *where->port};
        options.port = *where->port;
    }
    options.mac = raw.mac == "interface" ? link::MacChoice::interface : link::MacChoice::own;
    options.netns = raw.netns.empty() ? std::nullopt : std::optional(raw.netns);
    options.user = raw.user.empty() ? std::nullopt : std::optional(raw.user);
    options.mtu_given = raw.mtu != 0;
    if (raw.mtu != 0) {
        options.mtu = static_cast<std::uint16_t>(raw.mtu);
    }
    return std::nullopt;
}

}  // namespace ghostpeer::cli
