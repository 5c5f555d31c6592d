// Where peers can be that come while a run goes on.
#pragma once

#include "ghostpeer/wire/address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::control {

struct WantedPlace {
    std::string name;                        ///< of a host; empty: none is wanted
    std::optional<wire::IpAddress> address;  ///< unset: one that is free
};

/// What it has to do with names and addresses; asked in the engine's thread alone.
class Places {
  public:
    Places() = default;
    Places(const Places&) = delete;
    Places& operator=(const Places&) = delete;
    virtual ~Places() = default;

    /// The addresses there, which the name stands for from now on. The error is a complete
    /// sentence.
    [[nodiscard]] virtual tl::expected<std::vector<wire::IpAddress>, std::string> take(
        const WantedPlace& wanted) = 0;
    /// A peer that was there has gone.
    virtual void give_back(const WantedPlace& place) = 0;
};

}  // namespace ghostpeer::control
