#include "profile/script/phrase.hpp"

#include "profile/document/files.hpp"
#include "profile/document/values.hpp"
#include "profile/document/words.hpp"
#include "profile/script/payload.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace ghostpeer::profile {

namespace {

constexpr std::array functions{
    Phrase::Function::base64, Phrase::Function::exclusive_or, Phrase::Function::hex,
    Phrase::Function::length, Phrase::Function::sha1,         Phrase::Function::unhex,
    Phrase::Function::u8,     Phrase::Function::u16be,        Phrase::Function::u16le,
    Phrase::Function::u24be,  Phrase::Function::u24le,        Phrase::Function::u32be,
    Phrase::Function::u32le};
// What one phrase may take up is bounded by them.
constexpr int most_places = 16;
constexpr int deepest = 8;

/// What stands between `${` and `}`.
class Reader {
  public:
    Reader(std::string_view text, const YamlNode& at, std::uint32_t& highest, Errors& errors)
        : text_(text), at_(at), highest_(highest), errors_(errors) {}

    std::optional<Phrase> read() {
        Phrase phrase;
        std::string said;
        while (position_ < text_.size()) {
            const auto start = text_.find("${", position_);
            said += text_.substr(position_, start - position_);
            if (start == std::string_view::npos) {
                break;
            }
            position_ = start + 2;
            if (start > 0 && !said.empty() && said.back() == '$') {
                said += '{';
                continue;
            }
            add_text(phrase, std::exchange(said, {}));
            auto part = expression(0);
            if (!part || !expect('}')) {
                return std::nullopt;
            }
            phrase.parts.push_back(std::move(*part));
        }
        add_text(phrase, said);
        return places_ > 0 ? std::optional(std::move(phrase)) : std::nullopt;
    }

  private:
    static void add_text(Phrase& phrase, const std::string& text) {
        if (!text.empty()) {
            phrase.parts.push_back({content_of(text), {}, {}, {}});
        }
    }
    std::nullopt_t fail(std::string message) {
        errors_.add(at_, std::move(message));
        return std::nullopt;
    }
    void skip_blanks() {
        position_ = std::min(text_.find_first_not_of(' ', position_), text_.size());
    }
    bool expect(char wanted) {
        skip_blanks();
        if (position_ < text_.size() && text_[position_] == wanted) {
            ++position_;
            return true;
        }
        errors_.add(at_, std::string("`${` lacks its `") + wanted + "`");
        return false;
    }
    std::optional<Phrase::Part> expression(int depth) {
        skip_blanks();
        if (depth > deepest || ++places_ > most_places) {
            return fail("one text has at most 16 places for what was captured; say it in several");
        }
        const char first = position_ < text_.size() ? text_[position_] : '\0';
        if (first == '\'') {
            const auto end = text_.find('\'', position_ + 1);
            if (end == std::string_view::npos) {
                return fail("a text in `${…}` lacks its closing `'`");
            }
            Phrase::Part part;
            part.text = content_of(text_.substr(position_ + 1, end - position_ - 1));
            position_ = end + 1;
            return part;
        }
        const auto end = std::find_if(
            text_.begin() + static_cast<std::ptrdiff_t>(position_), text_.end(), [](char each) {
                return std::string_view(" (),}'").find(each) != std::string_view::npos;
            });
        const auto word =
            text_.substr(position_, static_cast<std::size_t>(end - text_.begin()) - position_);
        position_ += word.size();
        if (const auto number = parse_number(word)) {
            return capture(*number);
        }
        return call(word, depth);
    }
    std::optional<Phrase::Part> capture(std::uint64_t number) {
        if (number > most_captures) {
            return fail("captures have the numbers 0 to 9, unlike `${" + std::to_string(number) +
                        "}`");
        }
        Phrase::Part part;
        part.capture = static_cast<std::uint32_t>(number);
        highest_ = std::max(highest_, *part.capture);
        return part;
    }
    std::optional<Phrase::Part> call(std::string_view word, int depth) {
        std::vector<std::string> known;
        Phrase::Part part;
        for (const auto function : functions) {
            known.emplace_back(name(function));
            if (name(function) == word) {
                part.function = function;
            }
        }
        if (!part.function) {
            return fail(unknown_word("function", word, known, " in `${…}`"));
        }
        if (!expect('(')) {
            return std::nullopt;
        }
        while (true) {
            auto argument = expression(depth + 1);
            if (!argument) {
                return std::nullopt;
            }
            part.arguments.push_back(std::move(*argument));
            skip_blanks();
            if (position_ >= text_.size() || text_[position_] != ',') {
                break;
            }
            ++position_;
        }
        if (part.function == Phrase::Function::exclusive_or && part.arguments.size() < 2) {
            return fail("`xor` takes a key and what is changed by it, as in `${xor(1, 2)}`");
        }
        if (part.function == Phrase::Function::unhex) {
            for (const Phrase::Part& each : part.arguments) {
                if (each.text && !parse_hex({reinterpret_cast<const char*>(each.text->data()),
                                             each.text->size()})) {
                    return fail("`unhex` takes pairs of hexadecimal digits such as `'0d 0a'`");
                }
            }
        }
        return expect(')') ? std::optional(std::move(part)) : std::nullopt;
    }

    std::string_view text_;
    const YamlNode& at_;
    std::uint32_t& highest_;
    Errors& errors_;
    std::size_t position_ = 0;
    int places_ = 0;
};

}  // namespace

std::optional<Phrase> parse_phrase(std::string_view text, const YamlNode& at,
                                   std::uint32_t& highest, Errors& errors) {
    return Reader(text, at, highest, errors).read();
}

std::string plain(std::string_view text) {
    std::string result;
    std::size_t position = 0;
    while (true) {
        const auto start = text.find("$${", position);
        result += text.substr(position, start - position);
        if (start == std::string_view::npos) {
            return result;
        }
        result += "${";
        position = start + 3;
    }
}

}  // namespace ghostpeer::profile
