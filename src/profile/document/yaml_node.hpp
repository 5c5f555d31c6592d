// One YAML document as a tree of values with marks; knows nothing of profiles.
#pragma once

#include "profile/document/source.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::profile {

struct Entry;

struct YamlNode {
    enum class Type : unsigned char { null, scalar, list, map };

    Type type = Type::null;
    /// Something in it has been reported already: what follows from that is not worth a word.
    bool broken = false;
    const SourceText* source = nullptr;  ///< never null in a tree; outlives it
    Mark mark;
    std::string text;             ///< of a scalar
    std::vector<YamlNode> items;  ///< of a list
    std::vector<Entry> entries;   ///< of a map, in the file's order, no key twice
};

struct Entry {
    YamlNode key;  ///< a scalar
    YamlNode value;
};

/// `a list`, `a map`, `nothing`: what stands there, for messages.
[[nodiscard]] std::string_view describe(YamlNode::Type type) noexcept;

/// The entry of a map; null where there is none.
[[nodiscard]] const Entry* find(const YamlNode& map, std::string_view key) noexcept;

}  // namespace ghostpeer::profile
