// Where peers are that come while a run goes on: in COMMAND's network at any address or name, with
// `serve` at the addresses that are served.
#pragma once

#include "control/places.hpp"
#include "servers/name_server.hpp"
#include "setup/peers.hpp"
#include "setup/run_options.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace ghostpeer::access {

class PeerPlaces final : public control::Places {
  public:
    /// `names`: of COMMAND's network; null: there is none, and `served` are the addresses that a
    /// peer can have. All of it outlives this object.
    PeerPlaces(const setup::Peers& peers, setup::Family family, servers::NameServer* names,
               std::vector<wire::IpAddress> served);

    [[nodiscard]] tl::expected<std::vector<wire::IpAddress>, std::string> take(
        const control::WantedPlace& wanted) override;
    void give_back(const control::WantedPlace& place) override;

  private:
    struct Name {
        std::vector<wire::IpAddress> addresses;
        std::size_t peers = 0;  ///< that are there now
    };

    [[nodiscard]] tl::expected<std::vector<wire::IpAddress>, std::string> take_name(
        const std::string& name);
    [[nodiscard]] tl::expected<std::vector<wire::IpAddress>, std::string> take_served(
        const control::WantedPlace& wanted) const;
    /// Empty: there are no more.
    [[nodiscard]] std::vector<wire::IpAddress> give_out(setup::Family family);

    const setup::Peers& peers_;
    setup::Family family_;
    servers::NameServer* names_;
    std::vector<wire::IpAddress> served_;
    std::map<std::string, Name> by_name_;  ///< in lower case; a name keeps what it had once
    std::map<wire::IpAddress, std::size_t> taken_;  ///< so many peers without a name are there
    std::set<wire::IpAddress> first_;               ///< those of `--peer`
    std::size_t next_ = 0;
};

}  // namespace ghostpeer::access
