#include "profile/language/tags.hpp"

#include "ghostpeer/profile/catalogue.hpp"
#include "profile/document/values.hpp"
#include "profile/document/words.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace ghostpeer::profile {

namespace {

constexpr std::array<Tag, 18> all_tags{{
    {"handshake", "opening a connection"},
    {"silence", "no answer, for a while or for ever"},
    {"reset", "RST: from whom, when, and with which numbers"},
    {"close", "FIN, and what comes after it"},
    {"window", "flow control: full, small and shrinking windows"},
    {"keepalive", "idle connections"},
    {"data", "loss, order, duplicates, and the shape of an answer"},
    {"options", "MSS, window scale, SACK, timestamps"},
    {"host", "ordinary hosts of other kinds"},
    {"icmp", "ICMP errors about a connection"},
    {"path-mtu", "packets that are too big for the path"},
    {"middlebox", "load balancers, NATs, firewalls and proxies, with the figures of real ones"},
    {"retry", "different from one connection to the next"},
    {"exhaustion", "too slow, too many, too much"},
    {"abuse", "segments that no honest peer sends"},
    {"protocol", "servers that speak a protocol, to build on"},
    {"client", "the peer dials, the program is the server"},
    {"experiment", "published experiments, replayed and checked"},
}};

void read_tag(const YamlNode& node, std::vector<std::string_view>& tags, Errors& errors) {
    if (node.type != YamlNode::Type::scalar) {
        errors.add(node, "a tag is a word, not " + std::string(describe(node.type)));
        return;
    }
    const auto known = std::find_if(all_tags.begin(), all_tags.end(),
                                    [&](const Tag& tag) { return tag.name == node.text; });
    if (known == all_tags.end()) {
        std::vector<std::string> words;
        words.reserve(all_tags.size());
        for (const Tag& tag : all_tags) {
            words.emplace_back(tag.name);
        }
        errors.add(node, unknown_word("tag", node.text, words));
    } else if (std::find(tags.begin(), tags.end(), known->name) != tags.end()) {
        errors.add(node, "the tag " + in_quotes(node.text) + " stands here twice");
    } else {
        tags.push_back(known->name);
    }
}

}  // namespace

std::span<const Tag> tags() noexcept { return all_tags; }

std::vector<std::string_view> read_tags(const Entry& entry, Errors& errors) {
    std::vector<std::string_view> result;
    if (entry.value.type == YamlNode::Type::list) {
        if (entry.value.items.empty()) {
            errors.add(entry.value, "`tags` names no tag");
        }
        for (const YamlNode& item : entry.value.items) {
            read_tag(item, result, errors);
        }
    } else if (expect_type(entry, YamlNode::Type::scalar, "a list such as `[reset, window]`",
                           errors)) {
        read_tag(entry.value, result, errors);
    }
    return result;
}

}  // namespace ghostpeer::profile
