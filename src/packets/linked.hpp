// The module's entries where the executable is one static file (GHOSTPEER_STATIC): they are part of
// it, and nothing is loaded.
#pragma once

#include "packets/module.hpp"

#include <string>
#include <string_view>

#include <tl/expected.hpp>

extern "C" ghostpeer::wire::PacketLibrary& ghostpeer_packets();
extern "C" void ghostpeer_capture(const std::string& path,
                                  ghostpeer::packets::OpenedCapture& opened);

namespace ghostpeer {

/// See posix/module.hpp, which looks for them in files.
[[nodiscard]] inline tl::expected<std::string, std::string> find_module(std::string_view) {
    return std::string();
}

[[nodiscard]] inline tl::expected<void*, std::string> load_module(std::string_view,
                                                                  std::string_view symbol) {
    return symbol == packets::entry ? reinterpret_cast<void*>(&ghostpeer_packets)
                                    : reinterpret_cast<void*>(&ghostpeer_capture);
}

}  // namespace ghostpeer
