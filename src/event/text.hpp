// Small pieces of text that trace, event stream and report share.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/profile/rule.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace ghostpeer::event {

/// `0.021 ms`, `50 ms`, `1.004 s`.
[[nodiscard]] std::string format_length(Duration length);
/// `198.18.0.1:40404 -> 198.18.0.2:80`.
[[nodiscard]] std::string format_ends(const wire::Endpoint& from, const wire::Endpoint& to);
/// `keepalive-blackhole.yaml:7`.
[[nodiscard]] std::string format_place(const profile::Place& place);
/// The same without directories.
[[nodiscard]] std::string format_place_short(const profile::Place& place);
/// `exited with status 7`, `was ended by SIGKILL`.
[[nodiscard]] std::string describe(const event::Exit& exit);
/// `SIGKILL`; `signal 64` for one without a name.
[[nodiscard]] std::string signal_name(int signal);
/// `1 segment`, `3 segments`.
[[nodiscard]] std::string count(std::uint64_t n, std::string_view noun);
/// Control characters as `\x1b`: a profile or a name must not steer the terminal.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace ghostpeer::event
