#pragma once

#include <linux/netlink.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "sandbox/sandbox.hpp"

namespace ghostpeer::sandbox::netlink {

/// A request that the kernel refused. `what` completes "could not ...".
struct Refusal {
    int error;
    std::string what;
    std::string kernel_message;  ///< From the extended acknowledgement; may be empty.
};

/// "ghostpeer could not add ...: reason (kernel's own words)."
[[nodiscard]] std::string sentence(const Refusal& refusal);

/// Changes to the interfaces of the calling process's network namespace, sent in one write and
/// acknowledged by one message: a start-up pays for two system calls, not for two a change.
class Batch {
  public:
    /// Errors named in the next request's `tolerated` list do not fail the batch.
    using Tolerated = std::initializer_list<int>;
    /// What a kernel without IPv6, or with net.ipv6.conf.default.disable_ipv6, answers.
    static constexpr Tolerated no_ipv6 = {EAFNOSUPPORT, EOPNOTSUPP, EACCES};

    void create_veth(const std::string& name, const MacAddress& mac, const std::string& peer_name,
                     const MacAddress& peer_mac);
    void set_up(unsigned index, const std::string& name);
    /// Up, without ARP and neighbour discovery of its own (IFF_NOARP).
    void set_up_without_arp(unsigned index, const std::string& name);
    void set_down(unsigned index, const std::string& name);
    /// Not every kind of interface has a carrier that can be set.
    void set_carrier(unsigned index, const std::string& name, bool on, Tolerated tolerated = {});
    void set_mtu(unsigned index, const std::string& name, std::uint32_t mtu);
    /// No link-local address is made up, thus no router solicitations either.
    void disable_address_generation(unsigned index, const std::string& name, Tolerated tolerated);
    void add_address(unsigned index, const std::string& address, Tolerated tolerated = {});
    /// What comes to this IPv6 address of the interface is taken in from now on. The kernel's own
    /// such route comes later, from a work queue (addrconf_dad_work), and what comes before is
    /// lost.
    void add_local_route(unsigned index, const std::string& address, Tolerated tolerated = {});
    void add_host_route(unsigned index, const std::string& address, Tolerated tolerated = {});
    void add_default_route(unsigned index, const std::string& gateway, Tolerated tolerated = {});
    void remove_host_route(unsigned index, const std::string& address, Tolerated tolerated = {});
    void remove_default_route(unsigned index, const std::string& gateway, Tolerated tolerated = {});
    void add_neighbour(unsigned index, const std::string& address, const MacAddress& mac,
                       Tolerated tolerated = {});

    [[nodiscard]] tl::expected<void, Refusal> commit();

  private:
    struct Request {
        std::vector<std::byte> bytes;
        std::string what;
        std::vector<int> tolerated;
    };
    class Builder;
    static void describe_host_route(Builder& request, unsigned index, const std::string& address);
    static void describe_default_route(Builder& request, unsigned index,
                                       const std::string& gateway);

    std::vector<Request> requests_;
};

}  // namespace ghostpeer::sandbox::netlink
