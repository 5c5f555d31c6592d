// Names and addresses of a run's private network, both ways round.
#pragma once

#include "ghostpeer/wire/address.hpp"

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace ghostpeer::setup {

/// The names that addresses of the private network stand for.
using NamesByAddress = std::unordered_map<wire::IpAddress, std::string>;

/// The addresses that names of the private network have; names in lower case.
using AddressesByName = std::map<std::string, std::vector<wire::IpAddress>>;

}  // namespace ghostpeer::setup
