#include "sandbox/served_interface.hpp"

#include <net/if.h>

#include <algorithm>
#include <cerrno>

#include "sandbox/netlink.hpp"

namespace ghostpeer::sandbox {

tl::expected<void, Error> configure_served_interface(const std::string& interface,
                                                     std::uint16_t mtu,
                                                     const std::vector<std::string>& addresses) {
    const unsigned index = if_nametoindex(interface.c_str());
    const auto is_v6 = [](const std::string& address) {
        return address.find(':') != std::string::npos;
    };
    const bool any_v6 = std::any_of(addresses.begin(), addresses.end(), is_v6);
    netlink::Batch batch;
    batch.disable_address_generation(index, interface, netlink::Batch::no_ipv6);
    batch.set_mtu(index, interface, mtu);
    batch.set_up(index, interface);
    batch.add_address(index, program_address_v4);
    if (any_v6) {
        batch.add_address(index, program_address_v6, netlink::Batch::no_ipv6);
    }
    for (const std::string& address : addresses) {
        if (is_v6(address)) {
            batch.add_host_route(index, address, netlink::Batch::no_ipv6);
        } else {
            batch.add_host_route(index, address);
        }
    }
    if (const auto done = batch.commit(); !done) {
        const netlink::Refusal& refusal = done.error();
        return tl::unexpected(
            Error{Error::Kind::failed,
                  netlink::sentence(refusal) + (refusal.error == EEXIST
                                                    ? " Something else has that route: another "
                                                      "`ghostpeer serve --link tun`, perhaps."
                                                    : "")});
    }
    return {};
}

}  // namespace ghostpeer::sandbox
