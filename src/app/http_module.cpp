#include "app/http_module.hpp"

#include "posix/module.hpp"

namespace ghostpeer::app {

tl::expected<const http::Functions*, std::string> load_http() {
    const auto entry = load_module("http", http::entry);
    if (!entry) {
        return tl::make_unexpected(entry.error());
    }
    return &reinterpret_cast<http::Entry>(*entry)();
}

}  // namespace ghostpeer::app
