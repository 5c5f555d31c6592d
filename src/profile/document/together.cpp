#include "profile/document/together.hpp"

#include <array>
#include <string>
#include <vector>

namespace ghostpeer::profile {

namespace {

/// By index of the chain's links: does the first extend the second, whatever lies between?
using Extends = std::vector<std::vector<bool>>;

Extends find_extended(const Chain& chain) {
    const std::size_t count = chain.links.size();
    Extends extends(count, std::vector<bool>(count, false));
    // Who extends stands before whom it extends, so that the last are known first.
    for (std::size_t i = count; i-- > 0;) {
        for (const std::size_t base : chain.links[i].bases) {
            extends[i][base] = true;
            for (std::size_t j = 0; j < count; ++j) {
                extends[i][j] = extends[i][j] || extends[base][j];
            }
        }
    }
    return extends;
}

/// What one profile says and another may say, too.
struct Saying {
    std::string what;  ///< `` `service` ``, `` the phase `later` ``
    std::size_t link = 0;
};

/// The control of all others gives way.
bool is_healthy(const SourceText& source) {
    return source.in_catalogue() && *source.name() == "healthy";
}

std::vector<Saying> sayings_of(const Chain& chain) {
    constexpr std::array<std::string_view, 4> whole{"service", "attempts", "role", "client"};
    constexpr std::array<std::pair<std::string_view, std::string_view>, 2> by_name{
        {{"params", "the parameter "}, {"phases", "the phase "}}};
    std::vector<Saying> all;
    for (std::size_t i = 0; i < chain.links.size(); ++i) {
        const ChainLink& link = chain.links[i];
        for (const auto key : whole) {
            if (find(link.tree, key) != nullptr && !is_healthy(*link.source)) {
                all.push_back({in_quotes(key), i});
            }
        }
        for (const auto& [key, what] : by_name) {
            const Entry* const map = find(link.tree, key);
            for (std::size_t n = 0; map != nullptr && n < map->value.entries.size(); ++n) {
                all.push_back({std::string(what) + in_quotes(map->value.entries[n].key.text), i});
            }
        }
    }
    return all;
}

/// The list that put them together: in the last profile that extends both.
const YamlNode& where_they_meet(const Chain& chain, const Extends& extends, std::size_t a,
                                std::size_t b) {
    std::size_t meet = 0;
    for (std::size_t i = 0; i < chain.links.size(); ++i) {
        if (extends[i][a] && extends[i][b]) {
            meet = i;
        }
    }
    const Entry* const list = find(chain.links[meet].tree, "extends");
    return list != nullptr ? list->value : chain.links[meet].tree;
}

}  // namespace

void check_together(const Chain& chain, Errors& errors) {
    const Extends extends = find_extended(chain);
    const auto sayings = sayings_of(chain);
    for (std::size_t i = 0; i < sayings.size(); ++i) {
        for (std::size_t j = i + 1; j < sayings.size(); ++j) {
            const std::size_t a = sayings[i].link;
            const std::size_t b = sayings[j].link;
            if (sayings[i].what != sayings[j].what || a == b || extends[a][b] || extends[b][a]) {
                continue;
            }
            bool decided = false;
            for (const Saying& other : sayings) {
                decided = decided || (other.what == sayings[i].what && extends[other.link][a] &&
                                      extends[other.link][b]);
            }
            if (!decided) {
                errors.add(where_they_meet(chain, extends, a, b),
                           in_quotes(*chain.links[a].source->name()) + " and " +
                               in_quotes(*chain.links[b].source->name()) + " both have " +
                               sayings[i].what +
                               ", and only one can hold; say it in a profile that extends both");
            }
        }
    }
}

}  // namespace ghostpeer::profile
