// The page without its data; embed_page.cmake makes it of the files in web/ and grid/.
#pragma once

#include <string_view>

namespace ghostpeer::page {

[[nodiscard]] std::string_view before_record() noexcept;
[[nodiscard]] std::string_view after_record() noexcept;
[[nodiscard]] std::string_view before_grid() noexcept;
[[nodiscard]] std::string_view after_grid() noexcept;

}  // namespace ghostpeer::page
