// COMMAND's names come from the peer.
#pragma once

#include <string>
#include <string_view>

#include "sandbox/covered_file.hpp"

namespace ghostpeer::sandbox {

/// The text of a resolv.conf(5) with `server` as its only name server; what the existing one says
/// of search lists and options stays.
[[nodiscard]] std::string render_resolv_conf(std::string_view existing, const std::string& server);

/// Puts such a file over /etc/resolv.conf in the calling process's mount namespace, and keeps the
/// C library from asking the machine's own caches. Where the machine has no such file or it cannot
/// be covered, everything stays as it is: then names are those of /etc/hosts alone.
void use_name_server(const std::string& server, CoveredFiles& files);

/// Keeps the C library from asking the machine's own name service caches, which know nothing of
/// this run.
void hide_name_service_caches();

}  // namespace ghostpeer::sandbox
