// What `list` shows, from the heads of the catalogue's files alone: their rules are most of the
// text, and yaml-cpp is slow.
#include "ghostpeer/profile/catalogue.hpp"
#include "profile/document/chain.hpp"
#include "profile/document/values.hpp"
#include "profile/language/tags.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace ghostpeer::profile {

namespace {

/// The lines of those top-level keys that a listing needs. A top-level key begins its line, and
/// what belongs to it is indented.
std::string head_of(std::string_view text) {
    constexpr std::array<std::string_view, 3> wanted{"summary", "tags", "params"};
    std::string head;
    bool keep = false;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n') + 1);
        text.remove_prefix(line.empty() ? text.size() : line.size());
        if (!line.empty() && line.front() >= 'a' && line.front() <= 'z') {
            const auto key = line.substr(0, line.find(':'));
            keep = std::find(wanted.begin(), wanted.end(), key) != wanted.end();
        }
        if (keep) {
            head += line;
        }
    }
    return head;
}

Listing list_entry(const CatalogueEntry& entry) {
    Listing listing{entry.name, "", {}, {}};
    Errors ignored;  // the loader's to report
    const auto chain = load_chain(
        std::make_unique<SourceText>(std::string(entry.name), head_of(entry.text), "", true), {},
        ignored);
    if (chain.links.empty()) {
        return listing;
    }
    const YamlNode& profile = chain.links.front().tree;
    if (const auto* summary = find(profile, "summary")) {
        listing.summary = trim(summary->value.text);
    }
    if (const auto* tags = find(profile, "tags")) {
        listing.tags = read_tags(*tags, ignored);
    }
    if (const auto* params = find(profile, "params")) {
        for (const auto& parameter : params->value.entries) {
            listing.parameters.emplace_back(parameter.key.text, parameter.value.text);
        }
    }
    return listing;
}

}  // namespace

std::vector<Listing> list_catalogue() {
    std::vector<Listing> listings;
    for (const auto& entry : catalogue()) {
        listings.push_back(list_entry(entry));
    }
    return listings;
}

}  // namespace ghostpeer::profile
