// A profile and what it extends, each read and parsed, parameters put in.
#pragma once

#include "ghostpeer/profile/loader.hpp"
#include "profile/document/errors.hpp"

#include <memory>
#include <vector>

namespace ghostpeer::profile {

struct ChainLink {
    std::unique_ptr<SourceText> source;
    YamlNode tree;  ///< a map
};

struct Chain {
    std::vector<ChainLink> links;  ///< from the profile that was asked for to the last one extended
    std::vector<std::string> parameters;  ///< every name that is declared, sorted
    bool complete = true;  ///< false: some file of the chain could not be read or parsed
};

[[nodiscard]] Chain load_chain(std::unique_ptr<SourceText> first, const Parameters& given,
                               Errors& errors);

}  // namespace ghostpeer::profile
