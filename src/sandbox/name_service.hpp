// How COMMAND's C library finds names: hosts(5), resolv.conf(5) and nsswitch.conf(5) of its own.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "sandbox/covered_file.hpp"
#include "sandbox/sandbox.hpp"

namespace ghostpeer::sandbox {

/// The text of a resolv.conf(5) with `server` as its only name server; what the existing one says
/// of search lists and options stays.
[[nodiscard]] std::string render_resolv_conf(std::string_view existing, const std::string& server);

/// The text of an nsswitch.conf(5) where names of hosts are those of /etc/hosts and of the name
/// server; other lines stay. Services that ask daemons of the machine know nothing of this run.
[[nodiscard]] std::string render_nsswitch_conf(std::string_view existing);

/// Puts such files over those of /etc in the calling process's mount namespace. What comes back are
/// sentences on those that stay the machine's own, empty where none does; the error: `spec` needs
/// one of them.
[[nodiscard]] tl::expected<std::string, Error> install_name_files(const Spec& spec,
                                                                  CoveredFiles& files);

/// The same where there can be no private mounts.
[[nodiscard]] tl::expected<std::string, Error> do_without_name_files(const Spec& spec);

/// Has COMMAND names that only private files give it?
[[nodiscard]] bool needs_name_files(const Spec& spec);

}  // namespace ghostpeer::sandbox
