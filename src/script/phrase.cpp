#include "script/phrase.hpp"

#include "script/digest.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace ghostpeer::script {
namespace {

using profile::Phrase;

void append(wire::Bytes& to, std::string_view text) {
    to.insert(to.end(), text.begin(), text.end());
}

/// In so many bytes, as far as it fits.
[[nodiscard]] wire::Bytes number(std::size_t value, std::size_t bytes, bool little) {
    wire::Bytes result(bytes);
    for (std::size_t i = 0; i < bytes; ++i) {
        result[little ? i : bytes - 1 - i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
    return result;
}

/// `key` says how many bytes of `argument` are the key.
[[nodiscard]] wire::Bytes exclusive_or(wire::Bytes argument, std::size_t key) {
    for (std::size_t i = key; key > 0 && i < argument.size(); ++i) {
        argument[i] = static_cast<std::uint8_t>(argument[i] ^ argument[(i - key) % key]);
    }
    argument.erase(argument.begin(), argument.begin() + static_cast<std::ptrdiff_t>(key));
    return argument;
}

/// `first` is the length of the first of its arguments.
[[nodiscard]] wire::Bytes apply(Phrase::Function function, wire::Bytes argument,
                                std::size_t first) {
    wire::Bytes result;
    switch (function) {
        case Phrase::Function::base64: append(result, base64(argument)); break;
        case Phrase::Function::hex: append(result, hexadecimal(argument)); break;
        case Phrase::Function::length: append(result, std::to_string(argument.size())); break;
        case Phrase::Function::sha1: return sha1(argument);
        case Phrase::Function::unhex: return unhex(argument);
        case Phrase::Function::exclusive_or:
            first = std::min(first, argument.size());
            return exclusive_or(std::move(argument), first);
        case Phrase::Function::u8: return number(argument.size(), 1, false);
        case Phrase::Function::u16be: return number(argument.size(), 2, false);
        case Phrase::Function::u16le: return number(argument.size(), 2, true);
        case Phrase::Function::u24be: return number(argument.size(), 3, false);
        case Phrase::Function::u24le: return number(argument.size(), 3, true);
        case Phrase::Function::u32be: return number(argument.size(), 4, false);
        case Phrase::Function::u32le: return number(argument.size(), 4, true);
    }
    return result;
}

void append(wire::Bytes& to, const Phrase::Part& part, std::span<const std::string> captures) {
    if (part.text) {
        to.insert(to.end(), part.text->begin(), part.text->end());
    } else if (part.capture && *part.capture < captures.size()) {
        append(to, captures[*part.capture]);
    } else if (part.function) {
        wire::Bytes argument;
        std::size_t first = 0;
        for (const Phrase::Part& each : part.arguments) {
            append(argument, each, captures);
            first = &each == &part.arguments.front() ? argument.size() : first;
        }
        // Functions of functions make more of it each time.
        argument.resize(std::min<std::size_t>(argument.size(),
                                              static_cast<std::size_t>(profile::most_awaited)));
        const wire::Bytes result = apply(*part.function, std::move(argument), first);
        to.insert(to.end(), result.begin(), result.end());
    }
}

}  // namespace

wire::Bytes fill_in(const Phrase& phrase, std::span<const std::string> captures) {
    wire::Bytes bytes;
    for (const Phrase::Part& part : phrase.parts) {
        append(bytes, part, captures);
    }
    return bytes;
}

}  // namespace ghostpeer::script
