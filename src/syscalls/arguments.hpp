// The text of a call's arguments, as `strace -yy` writes it.
#pragma once

#include "ghostpeer/wire/address.hpp"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::syscalls {

/// Where the arguments end: the place of the `)` that closes them, in text that begins behind their
/// `(`. SIZE_MAX: there is none. Strings, comments and what stands behind a descriptor may hold
/// parentheses of their own.
[[nodiscard]] std::size_t end_of_arguments(std::string_view text);

/// The single arguments, without the white space around them.
[[nodiscard]] std::vector<std::string_view> split_arguments(std::string_view arguments);

/// What stands in `<>` behind each descriptor: `TCP:[198.18.0.1:40404->198.18.0.2:80]`,
/// `/dev/null`.
[[nodiscard]] std::vector<std::string_view> annotations(std::string_view arguments);

/// Is it a socket's? Those that strace can say nothing of are `socket:[4711]`.
[[nodiscard]] bool is_socket(std::string_view annotation);

/// The inode of a TCP socket that has no other end (yet), `4711`; else empty.
[[nodiscard]] std::string_view inode_of(std::string_view annotation);

/// A TCP socket's own end and the other one.
[[nodiscard]] std::optional<std::pair<wire::Endpoint, wire::Endpoint>> ends_of(
    std::string_view annotation);

/// `{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("198.18.0.2")}`, or that of IPv6.
[[nodiscard]] std::optional<wire::Endpoint> socket_address(std::string_view argument);

}  // namespace ghostpeer::syscalls
