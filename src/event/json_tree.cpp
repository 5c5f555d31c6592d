#include "event/json_tree.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ghostpeer::event {

/// What the parser calls; false ends it.
class JsonTree::Builder {
  public:
    explicit Builder(JsonTree& tree) : tree_(tree) {}

    // The names and arguments are nlohmann::json_sax's.
    bool null() { return add(Kind::null) != nullptr; }
    bool boolean(bool value) {
        Value* added = add(Kind::boolean);
        if (added != nullptr) {
            added->truth = value;
        }
        return added != nullptr;
    }
    bool number_integer(std::int64_t value) {
        Value* added = add(Kind::integer);
        if (added != nullptr) {
            added->integer = value;
        }
        return added != nullptr;
    }
    bool number_unsigned(std::uint64_t value) {
        Value* added = add(Kind::natural);
        if (added != nullptr) {
            added->natural = value;
        }
        return added != nullptr;
    }
    bool number_float(double /*value*/, const std::string& digits) {
        return add_text(Kind::real, digits);
    }
    bool string(const std::string& value) { return add_text(Kind::text, value); }
    static bool binary(const std::vector<std::uint8_t>& /*value*/) { return false; }
    bool start_object(std::size_t /*size*/) { return begin(Kind::object); }
    bool start_array(std::size_t /*size*/) { return begin(Kind::list); }
    bool key(const std::string& name) {
        key_ = keep(name);
        key_size_ = static_cast<std::uint32_t>(name.size());
        return true;
    }
    bool end_object() { return end(); }
    bool end_array() { return end(); }
    bool parse_error(std::size_t byte, const std::string& /*token*/,
                     const nlohmann::detail::exception& /*error*/) {
        tree_.problem_ = fmt::format("is no JSON from byte {} on", byte);
        return false;
    }

  private:
    Value* add(Kind kind) {
        if (tree_.values_.size() >= most_values) {
            tree_.problem_ = fmt::format("has more than {} values", most_values);
            return nullptr;
        }
        Value value;
        value.kind = kind;
        value.end = static_cast<std::uint32_t>(tree_.values_.size()) + 1;
        value.key = key_;
        value.key_size = key_size_;
        return &tree_.values_.emplace_back(value);
    }
    bool add_text(Kind kind, const std::string& text) {
        Value* added = add(kind);
        if (added == nullptr) {
            return false;
        }
        added->text = keep(text);
        added->text_size = static_cast<std::uint32_t>(text.size());
        return true;
    }
    bool begin(Kind kind) {
        if (tree_.open_.size() >= deepest) {
            tree_.problem_ = fmt::format("is nested deeper than {} levels", deepest);
            return false;
        }
        tree_.open_.push_back(static_cast<std::uint32_t>(tree_.values_.size()));
        return add(kind) != nullptr;
    }
    bool end() {
        tree_.values_[tree_.open_.back()].end = static_cast<std::uint32_t>(tree_.values_.size());
        tree_.open_.pop_back();
        return true;
    }
    std::uint32_t keep(const std::string& text) {
        const auto at = static_cast<std::uint32_t>(tree_.texts_.size());
        tree_.texts_ += text;
        return at;
    }

    JsonTree& tree_;
    std::uint32_t key_ = 0;
    std::uint32_t key_size_ = 0;
};

bool JsonTree::parse(std::string_view line) {
    values_.clear();
    texts_.clear();
    open_.clear();
    problem_.clear();
    Builder builder(*this);
    return nlohmann::json::sax_parse(line.begin(), line.end(), &builder);
}

const JsonTree::Value* JsonTree::find(const Value& object, std::string_view name) const {
    const Value* found = nullptr;
    for_each(object, [&](const Value& member) {
        found = key(member) == name ? &member : nullptr;
        return found == nullptr;
    });
    return found;
}

}  // namespace ghostpeer::event
