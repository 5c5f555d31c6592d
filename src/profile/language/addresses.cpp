#include "profile/language/addresses.hpp"

#include "profile/document/values.hpp"

#include <optional>
#include <string>

namespace ghostpeer::profile {
namespace {

constexpr std::size_t most_blocks = 100;

[[nodiscard]] std::optional<wire::AddressBlock> read_block(const YamlNode& node, Errors& errors) {
    const auto block = node.type == YamlNode::Type::scalar
                           ? wire::AddressBlock::parse(trim(node.text))
                           : std::nullopt;
    if (!block) {
        const std::string found = node.type == YamlNode::Type::scalar
                                      ? in_quotes(node.text)
                                      : std::string(describe(node.type));
        errors.add(node, found +
                             " is neither an address nor a block of them, such as `198.18.64.0/24` "
                             "(where all bits behind the prefix are 0)");
    }
    return block;
}

}  // namespace

std::vector<wire::AddressBlock> read_address_blocks(const Entry& entry, Errors& errors) {
    std::vector<wire::AddressBlock> blocks;
    const auto add = [&](const YamlNode& node) {
        if (const auto block = read_block(node, errors)) {
            blocks.push_back(*block);
        }
    };
    if (entry.value.type == YamlNode::Type::scalar) {
        add(entry.value);
        return blocks;
    }
    if (!expect_type(entry, YamlNode::Type::list,
                     "an address, a block such as `198.18.64.0/24`, or a list of them", errors)) {
        return blocks;
    }
    if (entry.value.items.empty() || entry.value.items.size() > most_blocks) {
        errors.add(entry.value,
                   in_quotes(entry.key.text) + " names one to 100 blocks of addresses");
        return blocks;
    }
    for (const YamlNode& item : entry.value.items) {
        add(item);
    }
    return blocks;
}

}  // namespace ghostpeer::profile
