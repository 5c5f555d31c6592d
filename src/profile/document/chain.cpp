#include "profile/document/chain.hpp"

#include "profile/document/parameters.hpp"
#include "profile/document/together.hpp"
#include "profile/document/values.hpp"
#include "profile/document/yaml_tree.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <system_error>
#include <utility>

namespace ghostpeer::profile {

namespace {

constexpr std::size_t max_links = 32;

/// The same for two ways to name one file.
std::string identity(const SourceText& source) {
    if (source.in_catalogue()) {
        return "catalogue " + *source.name();
    }
    std::error_code ignored;
    const auto path = std::filesystem::weakly_canonical(*source.name(), ignored);
    return path.empty() ? *source.name() : path.string();
}

/// A map, or nothing after an error.
std::optional<YamlNode> parse_profile(const SourceText& source, Errors& errors) {
    auto tree = parse_yaml(source, errors);
    if (tree && tree->type != YamlNode::Type::map) {
        errors.add(*tree,
                   "a profile is a map with a `summary`, not " + std::string(describe(tree->type)));
        return std::nullopt;
    }
    return tree;
}

bool accept_text(const SourceText& source, Errors& errors) {
    if (const auto problem = refuse_text(source.text()); !problem.empty()) {
        errors.add(*source.name(), problem);
        return false;
    }
    return true;
}

/// Loads a profile, then those that it extends, each once.
class Loading {
  public:
    Loading(const Parameters& given, Errors& errors) : parameters_(given), errors_(errors) {}

    /// Nothing after an error.
    std::optional<std::size_t> add(std::unique_ptr<SourceText> source) {
        auto tree = accept_text(*source, errors_) ? parse_profile(*source, errors_) : std::nullopt;
        if (!tree) {
            complete_ = false;
            return std::nullopt;
        }
        const std::size_t index = links_.size();
        source->order = index;
        parameters_.declare(*tree, errors_);
        links_.push_back(ChainLink{std::move(source), std::move(*tree), {}});
        under_way_.push_back(index);
        for (std::size_t i = 0; i < links_[index].tree.entries.size(); ++i) {
            if (links_[index].tree.entries[i].key.text == "extends") {
                parameters_.substitute_value(links_[index].tree.entries[i].value, errors_);
                // What follows moves the links, so that the entry is looked at by a copy.
                follow(index, Entry(links_[index].tree.entries[i]));
            }
        }
        under_way_.pop_back();
        return index;
    }

    Chain finish(const std::string& file) {
        if (!complete_) {
            parameters_.be_incomplete();
        }
        for (auto& link : links_) {
            parameters_.substitute(link.tree, errors_);
        }
        parameters_.finish(file, errors_);
        Chain chain;
        chain.parameters = parameters_.names();
        chain.complete = complete_;
        arrange(chain);
        return chain;
    }

  private:
    /// `extends`, a profile or a list of them.
    void follow(std::size_t index, const Entry& extends) {
        const bool several = extends.value.type == YamlNode::Type::list;
        if (several && extends.value.items.empty()) {
            errors_.add(extends.value, "`extends` names no profile");
        }
        const std::vector<YamlNode> names =
            several ? extends.value.items : std::vector<YamlNode>{extends.value};
        for (const YamlNode& name : names) {
            const auto base = open(Entry{extends.key, name});
            complete_ = complete_ && base;
            if (base) {
                links_[index].bases.push_back(*base);
            }
        }
    }

    std::optional<std::size_t> open(const Entry& extends) {
        const auto& value = extends.value;
        if (!expect_type(extends, YamlNode::Type::scalar,
                         "a profile's name or path, or a list of them", errors_) ||
            value.broken) {
            return std::nullopt;
        }
        if (value.source->in_catalogue() && is_path(value.text)) {
            errors_.add(value, "a profile of the catalogue extends only others of the catalogue");
            return std::nullopt;
        }
        auto opened =
            open_source(value.text, value.source->folder(), FileKind::regular, value.source->given);
        if (const auto* missing = std::get_if<NotFound>(&opened)) {
            errors_.add(value, missing->message);
            return std::nullopt;
        }
        auto& source = std::get<std::unique_ptr<SourceText>>(opened);
        const auto known = std::find_if(links_.begin(), links_.end(), [&](const auto& link) {
            return identity(*link.source) == identity(*source);
        });
        const auto index = static_cast<std::size_t>(known - links_.begin());
        if (const auto start = std::find(under_way_.begin(), under_way_.end(), index);
            start != under_way_.end()) {
            std::string message = "`extends` runs in a circle: ";
            for (auto link = start; link != under_way_.end(); ++link) {
                message += *links_[*link].source->name() + " -> ";
            }
            errors_.add(value, message + *source->name());
            return std::nullopt;
        }
        if (known != links_.end()) {
            return index;
        }
        if (links_.size() >= max_links) {
            errors_.add(value, "more than 32 profiles extend one another here");
            return std::nullopt;
        }
        return add(std::move(source));
    }

    /// What extends stands before what it extends; of what is put together, the first before the
    /// second. Values are read from the last extended on, and so that the second goes before.
    void arrange(Chain& chain) {
        std::vector<std::size_t> depth(links_.size(), 0);
        for (std::size_t round = 0; round < links_.size(); ++round) {
            for (std::size_t i = 0; i < links_.size(); ++i) {
                for (const std::size_t base : links_[i].bases) {
                    depth[base] = std::max(depth[base], depth[i] + 1);
                }
            }
        }
        std::vector<std::size_t> order(links_.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return depth[a] < depth[b]; });
        std::vector<std::size_t> place(links_.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
            place[order[i]] = i;
            chain.reading.push_back(i);
        }
        for (const std::size_t from : order) {
            for (std::size_t& base : links_[from].bases) {
                base = place[base];
            }
            chain.links.push_back(std::move(links_[from]));
        }
        std::stable_sort(
            chain.reading.begin(), chain.reading.end(),
            [&](std::size_t a, std::size_t b) { return depth[order[a]] > depth[order[b]]; });
    }

    ParameterSet parameters_;
    Errors& errors_;
    std::vector<ChainLink> links_;  ///< in the order in which they were found
    std::vector<std::size_t> under_way_;
    bool complete_ = true;
};

}  // namespace

Chain load_chain(std::unique_ptr<SourceText> first, const Parameters& given, Errors& errors) {
    Loading loading(given, errors);
    const auto file = *first->name();
    static_cast<void>(loading.add(std::move(first)));
    Chain chain = loading.finish(file);
    check_together(chain, errors);
    return chain;
}

}  // namespace ghostpeer::profile
