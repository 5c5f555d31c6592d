// What `ghostpeer serve` was asked to do.
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "link/lan.hpp"
#include "setup/run_options.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::setup {

struct ServeOptions : CommonOptions {
    enum class Link : std::uint8_t { ethernet, tun, loopback };
    Link link = Link::ethernet;
    std::string interface;                    ///< of ethernet; of tun: the device to make
    std::vector<link::OwnAddress> addresses;  ///< that the peer has, besides those of `peers`
    std::vector<wire::IpAddress> gateways;
    link::MacChoice mac = link::MacChoice::own;
    std::optional<Duration> probe_time;  ///< unset: the RFCs'
    std::optional<std::string> netns;    ///< PATH, PID or NAME; unset: this one
    std::optional<std::string> user;     ///< whom to become; unset: see `Confinement`
    std::optional<wire::Endpoint> dial;  ///< where peers with `role: client` dial to
    bool mtu_given = false;              ///< else it is the interface's
};

}  // namespace ghostpeer::setup
