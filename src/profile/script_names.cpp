#include "ghostpeer/profile/script.hpp"
#include "wire/overloaded.hpp"

namespace ghostpeer::profile {

std::string_view name(Phrase::Function function) noexcept {
    switch (function) {
        case Phrase::Function::base64: return "base64";
        case Phrase::Function::hex: return "hex";
        case Phrase::Function::length: return "length";
        case Phrase::Function::sha1: return "sha1";
        case Phrase::Function::unhex: return "unhex";
        case Phrase::Function::exclusive_or: return "xor";
        case Phrase::Function::u8: return "u8";
        case Phrase::Function::u16be: return "u16be";
        case Phrase::Function::u16le: return "u16le";
        case Phrase::Function::u24be: return "u24be";
        case Phrase::Function::u24le: return "u24le";
        case Phrase::Function::u32be: return "u32be";
        case Phrase::Function::u32le: return "u32le";
    }
    return "";
}

std::string_view name(LengthField::Type type) noexcept {
    switch (type) {
        case LengthField::Type::u7: return "u7";
        case LengthField::Type::u8: return "u8";
        case LengthField::Type::u16be: return "u16be";
        case LengthField::Type::u16le: return "u16le";
        case LengthField::Type::u24be: return "u24be";
        case LengthField::Type::u24le: return "u24le";
        case LengthField::Type::u32be: return "u32be";
        case LengthField::Type::u32le: return "u32le";
        case LengthField::Type::varint: return "varint";
    }
    return "";
}

std::string describe(const Unit& unit) {
    return std::visit(Overloaded{
                          [](const StreamUnit&) { return std::string("the stream"); },
                          [](const LineUnit&) { return std::string("a line"); },
                          [](const TakenUnit&) { return std::string("what was taken"); },
                          [](const BytesUnit& bytes) {
                              return bytes.capture ? std::string(bytes.base == 16 ? "0x${" : "${") +
                                                         std::to_string(*bytes.capture) + "} bytes"
                                                   : std::to_string(bytes.count) + " bytes";
                          },
                          [](const LengthField& field) {
                              return "a frame with its length in " + std::string(name(field.type));
                          },
                      },
                      unit);
}

}  // namespace ghostpeer::profile
