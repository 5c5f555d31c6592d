#include "rules/needle.hpp"

#include <utility>

namespace ghostpeer::rules {

Needle::Needle(std::string pattern) : pattern_(std::move(pattern)), shorter_(pattern_.size() + 1) {
    std::uint32_t length = 0;
    for (std::size_t i = 1; i < pattern_.size(); ++i) {
        while (length > 0 && pattern_[i] != pattern_[length]) {
            length = shorter_[length];
        }
        length += pattern_[i] == pattern_[length] ? 1 : 0;
        shorter_[i + 1] = length;
    }
}

std::size_t Needle::find(std::string_view text, std::size_t& matched) const noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (matched == 0) {
            i = text.find(pattern_.front(), i);
            if (i == npos) {
                return npos;
            }
        }
        while (matched > 0 && text[i] != pattern_[matched]) {
            matched = shorter_[matched];
        }
        matched += text[i] == pattern_[matched] ? 1 : 0;
        if (matched == pattern_.size()) {
            matched = 0;
            return i + 1;
        }
    }
    return npos;
}

}  // namespace ghostpeer::rules
