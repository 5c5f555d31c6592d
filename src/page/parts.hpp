// The page without its data; embed_page.cmake makes it of the files in web/.
#pragma once

#include <string_view>

namespace ghostpeer::page {

[[nodiscard]] std::string_view before_record() noexcept;
[[nodiscard]] std::string_view after_record() noexcept;

}  // namespace ghostpeer::page
