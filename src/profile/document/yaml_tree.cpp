#include "profile/document/yaml_tree.hpp"

#include "profile/document/yaml_hint.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <map>
#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>

namespace ghostpeer::profile {

namespace {

/// Thrown through yaml-cpp to end its work; caught in this file.
struct Refusal {
    Mark mark;
    std::string message;
};

Mark to_mark(const YAML::Mark& mark) noexcept { return Mark{mark.line, mark.column}; }

/// What a subtree adds to the tree that holds it.
struct Extent {
    std::size_t nodes = 0;
    std::size_t text = 0;
    std::size_t depth = 0;
};

void measure(const YamlNode& node, Extent& extent, std::size_t depth) {
    ++extent.nodes;
    extent.text += node.text.size();
    extent.depth = std::max(extent.depth, depth);
    for (const auto& item : node.items) {
        measure(item, extent, depth + 1);
    }
    for (const auto& entry : node.entries) {
        measure(entry.key, extent, depth + 1);
        measure(entry.value, extent, depth + 1);
    }
}

class TreeBuilder final : public YAML::EventHandler {
  public:
    TreeBuilder(const SourceText& source, Errors& errors, std::size_t most_nodes)
        : source_(source), errors_(errors), most_nodes_(most_nodes) {}

    std::optional<YamlNode> root;

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) {
            throw Refusal{to_mark(mark),
                          "a profile is one YAML document; here a second one begins"};
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        remember(anchor, add(make(YamlNode::Type::null, mark)));
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            throw Refusal{to_mark(mark), "this alias stands inside the value that it is short for"};
        }
        count(found->second, to_mark(mark));
        add(YamlNode(found->second));
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        check_tag(tag, mark);
        check_closing_quote(tag, mark);
        auto node = make(YamlNode::Type::scalar, mark);
        text_ += value.size();
        check_limits(to_mark(mark));
        node.text = value;
        remember(anchor, add(std::move(node)));
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        open(YamlNode::Type::list, mark, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        open(YamlNode::Type::map, mark, tag, anchor);
    }
    void OnMapEnd() override {
        finish_map(open_.back().node);
        close();
    }

  private:
    /// A list or map whose end has not come yet.
    struct Open {
        YamlNode node;
        YAML::anchor_t anchor = 0;
        std::optional<YamlNode> key;
    };

    YamlNode make(YamlNode::Type type, const YAML::Mark& mark) {
        ++nodes_;
        check_limits(to_mark(mark));
        YamlNode node;
        node.type = type;
        node.source = &source_;
        node.mark = to_mark(mark);
        return node;
    }

    void check_limits(Mark mark) const {
        if (nodes_ > most_nodes_) {
            throw Refusal{mark, (most_nodes_ == max_nodes ? "this profile has more than "
                                                          : "a request has more than ") +
                                    std::to_string(most_nodes_) + " values, aliases unfolded"};
        }
        if (text_ > max_text_bytes) {
            throw Refusal{mark, "this profile has more than 4 MiB of text, aliases unfolded"};
        }
    }

    /// Counts a copy of a subtree.
    void count(const YamlNode& subtree, Mark mark) {
        Extent extent;
        measure(subtree, extent, 1);
        nodes_ += extent.nodes;
        text_ += extent.text;
        check_limits(mark);
        check_depth(open_.size() + extent.depth, mark);
    }

    static void check_depth(std::size_t depth, Mark mark) {
        if (depth > max_depth) {
            throw Refusal{mark, "lists and maps are nested more than 64 deep here"};
        }
    }

    void check_tag(const std::string& tag, const YAML::Mark& mark) {
        // yaml-cpp says `?` for a plain value without a tag and `!` for a quoted one.
        if (!tag.empty() && tag != "?" && tag != "!" && !tag.starts_with("tag:yaml.org,2002:")) {
            errors_.add(source_, to_mark(mark),
                        "the tag " + in_quotes(tag) + " means nothing in a profile; take it away");
        }
    }

    /// yaml-cpp takes the end of the file for a closing quote.
    void check_closing_quote(const std::string& tag, const YAML::Mark& mark) const {
        const auto text = source_.from(to_mark(mark));
        if (tag != "!" || text.empty() || (text[0] != '"' && text[0] != '\'')) {
            return;
        }
        for (std::size_t i = 1; i < text.size(); ++i) {
            const bool doubled = i + 1 < text.size() && text[i + 1] == text[i];
            if (text[0] == '"' ? text[i] == '\\' : text[i] == '\'' && doubled) {
                ++i;
            } else if (text[i] == text[0]) {
                return;
            }
        }
        throw Refusal{to_mark(mark), "this is not valid YAML: the quotation mark is never closed"};
    }

    void open(YamlNode::Type type, const YAML::Mark& mark, const std::string& tag,
              YAML::anchor_t anchor) {
        check_tag(tag, mark);
        check_depth(open_.size() + 1, to_mark(mark));
        open_.push_back(Open{make(type, mark), anchor, std::nullopt});
    }

    void close() {
        auto done = std::move(open_.back());
        open_.pop_back();
        remember(done.anchor, add(std::move(done.node)));
    }

    /// Puts a finished value where it belongs.
    const YamlNode& add(YamlNode node) {
        if (open_.empty()) {
            return root.emplace(std::move(node));
        }
        auto& parent = open_.back();
        if (parent.node.type == YamlNode::Type::list) {
            return parent.node.items.emplace_back(std::move(node));
        }
        if (!parent.key) {
            return parent.key.emplace(std::move(node));
        }
        if (node.type == YamlNode::Type::null) {
            node.mark = parent.key->mark;  // yaml-cpp's mark is that of the next token
        }
        parent.node.entries.push_back(Entry{std::move(*parent.key), std::move(node)});
        parent.key.reset();
        return parent.node.entries.back().value;
    }

    void remember(YAML::anchor_t anchor, const YamlNode& node) {
        if (anchor != 0) {
            count(node, node.mark);  // nested anchors would multiply what is kept
            anchors_.insert_or_assign(anchor, node);
        }
    }

    void finish_map(YamlNode& map) {
        std::vector<Entry> entries;
        std::vector<Entry> merged;
        std::unordered_map<std::string, int> lines;
        for (auto& entry : map.entries) {
            if (entry.key.type != YamlNode::Type::scalar) {
                errors_.add(entry.key,
                            "a key is a word, not " + std::string(describe(entry.key.type)));
                map.broken = true;
            } else if (entry.key.text == "<<") {
                merge(entry.value, merged);
            } else if (const auto [first, is_new] =
                           lines.try_emplace(entry.key.text, entry.key.mark.line + 1);
                       !is_new) {
                errors_.add(entry.key, "the key " + in_quotes(entry.key.text) +
                                           " stands twice in this map, first in line " +
                                           std::to_string(first->second));
            } else {
                entries.push_back(std::move(entry));
            }
        }
        for (auto& entry : merged) {
            if (lines.try_emplace(entry.key.text, 0).second) {
                entries.push_back(std::move(entry));
            }
        }
        map.entries = std::move(entries);
    }

    /// YAML 1.1's merge key: what the map does not name itself comes from another map.
    void merge(YamlNode& from, std::vector<Entry>& merged) {
        if (from.type == YamlNode::Type::list) {
            for (auto& item : from.items) {
                merge_map(item, merged);
            }
        } else {
            merge_map(from, merged);
        }
    }
    void merge_map(YamlNode& from, std::vector<Entry>& merged) {
        if (from.type != YamlNode::Type::map) {
            errors_.add(from, "`<<` takes a map or a list of maps, not " +
                                  std::string(describe(from.type)));
        }
        std::move(from.entries.begin(), from.entries.end(), std::back_inserter(merged));
    }

    const SourceText& source_;
    Errors& errors_;
    std::size_t most_nodes_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, YamlNode> anchors_;
    std::size_t nodes_ = 0;
    std::size_t text_ = 0;
    int documents_ = 0;
};

}  // namespace

std::optional<YamlNode> parse_yaml(const SourceText& source, Errors& errors,
                                   std::size_t most_nodes) {
    TreeBuilder builder(source, errors, most_nodes);
    try {
        std::istringstream stream(source.text());
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
        if (!builder.root || builder.root->type == YamlNode::Type::null) {
            errors.add(*source.name(), "the profile is empty; it needs at least a `summary`");
            return std::nullopt;
        }
        return std::move(builder.root);
    } catch (const Refusal& refusal) {
        errors.add(source, refusal.mark, refusal.message);
    } catch (const YAML::Exception& error) {
        const auto problem = explain_syntax_error(source, to_mark(error.mark), error.msg);
        errors.add(source, problem.mark, problem.message);
    } catch (const std::exception& error) {
        errors.add(*source.name(), std::string("this is not valid YAML: ") + error.what());
    }
    return std::nullopt;
}

}  // namespace ghostpeer::profile
