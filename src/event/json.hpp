// JSON as text, value by value: events come by the hundred thousand, a tree of values for each
// would cost more than the engine.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ghostpeer::event {

/// How texts are written, and how much of them.
struct JsonStyle {
    bool inert = false;  ///< ASCII alone, and nothing that means anything to an HTML parser
    std::size_t longest_text = SIZE_MAX;  ///< bytes; a cut never splits a character
    std::size_t longest_list = SIZE_MAX;  ///< elements
};

/// Appends JSON to a string. Whoever calls it opens and closes objects and lists in pairs.
class Json {
  public:
    explicit Json(std::string& out, const JsonStyle& style = {}) : out_(out), style_(style) {}

    void open(char bracket) { out_ += bracket; }
    void close(char bracket) { out_ += bracket; }
    /// A comma, where something stands before it.
    void next() {
        if (const char last = out_.back(); last != '{' && last != '[') {
            out_ += ',';
        }
    }
    /// Of a member of an object; `name` needs no escapes.
    void key(std::string_view name) {
        next();
        out_ += '"';
        out_ += name;
        out_ += "\":";
    }
    /// Text from outside; bytes that are no UTF-8 become U+FFFD.
    void text(std::string_view value);
    /// Text that needs no escapes.
    void word(std::string_view value) {
        out_ += '"';
        out_ += value;
        out_ += '"';
    }
    void boolean(bool value) { out_ += value ? "true" : "false"; }
    template <typename Integer>
    void number(Integer value) {
        char digits[24];
        const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
        out_.append(digits, static_cast<std::size_t>(end - digits));
    }
    /// Seconds with nine digits after the point.
    void seconds(Duration length);
    void hexadecimal(const std::uint8_t* bytes, std::size_t size);
    /// For values that append themselves; what they append needs no escapes.
    [[nodiscard]] std::string& out() noexcept { return out_; }
    [[nodiscard]] const JsonStyle& style() const noexcept { return style_; }

  private:
    std::string& out_;
    JsonStyle style_;
};

/// At most `most` bytes of it and `…`; a cut never splits a character.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t most);

}  // namespace ghostpeer::event
