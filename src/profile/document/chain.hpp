// A profile and what it extends, each read and parsed, parameters put in.
#pragma once

#include "ghostpeer/profile/loader.hpp"
#include "profile/document/errors.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace ghostpeer::profile {

struct ChainLink {
    std::unique_ptr<SourceText> source;
    YamlNode tree;                   ///< a map
    std::vector<std::size_t> bases;  ///< that it extends, by index of `links`
};

struct Chain {
    /// From the profile that was asked for to the last one extended: the order of their rules.
    std::vector<ChainLink> links;
    /// Indices of `links` in the order in which values are read, so that later ones go before.
    std::vector<std::size_t> reading;
    std::vector<std::string> parameters;  ///< every name that is declared, sorted
    bool complete = true;  ///< false: some file of the chain could not be read or parsed
};

[[nodiscard]] Chain load_chain(std::unique_ptr<SourceText> first, const Parameters& given,
                               Errors& errors);

}  // namespace ghostpeer::profile
