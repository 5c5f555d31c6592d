#include "profile/document/yaml_node.hpp"

namespace ghostpeer::profile {

std::string_view describe(YamlNode::Type type) noexcept {
    switch (type) {
        case YamlNode::Type::null: return "nothing";
        case YamlNode::Type::scalar: return "a word";
        case YamlNode::Type::list: return "a list";
        case YamlNode::Type::map: return "a map";
    }
    return "";
}

const Entry* find(const YamlNode& map, std::string_view key) noexcept {
    for (const auto& entry : map.entries) {
        if (entry.key.text == key) {
            return &entry;
        }
    }
    return nullptr;
}

}  // namespace ghostpeer::profile
