// Where a program stands that is named without its folder.
#pragma once

#include <unistd.h>
#include <cstdlib>
#include <string>
#include <string_view>

namespace ghostpeer {

/// The first file of that name in a folder of PATH that this process may execute; empty: none.
[[nodiscard]] inline std::string find_program(std::string_view name) {
    const char* path = std::getenv("PATH");
    std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
    while (true) {
        const auto end = rest.find(':');
        std::string file(rest.substr(0, end));
        file.append("/").append(name);
        if (::access(file.c_str(), X_OK) == 0) {
            return file;
        }
        if (end == std::string_view::npos) {
            return {};
        }
        rest.remove_prefix(end + 1);
    }
}

}  // namespace ghostpeer
