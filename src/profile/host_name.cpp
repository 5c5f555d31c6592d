#include "profile/host_name.hpp"

#include <cctype>
#include <cstddef>

namespace ghostpeer::profile {

bool is_host_name(std::string_view name) noexcept {
    constexpr std::size_t longest_name = 253;
    constexpr std::size_t longest_label = 63;
    std::size_t label = 0;
    for (const char c : name) {
        const bool fits = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
        if (c == '.' ? label == 0 : !fits || (label == 0 && c == '-') || label == longest_label) {
            return false;
        }
        label = c == '.' ? 0 : label + 1;
    }
    return label > 0 && name.size() <= longest_name;
}

}  // namespace ghostpeer::profile
