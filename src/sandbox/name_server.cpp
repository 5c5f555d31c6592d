#include "sandbox/name_server.hpp"

#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace ghostpeer::sandbox {

namespace {

constexpr const char* resolv_conf = "/etc/resolv.conf";
constexpr const char* nscd_socket = "/run/nscd/socket";
constexpr const char* resolved_socket = "/run/systemd/resolve/io.systemd.Resolve";

bool exists(const char* path) {
    struct stat found {};
    return stat(path, &found) == 0;
}

bool begins_with_word(std::string_view line, std::string_view word) {
    return line.starts_with(word) &&
           (line.size() == word.size() || line[word.size()] == ' ' || line[word.size()] == '\t');
}

}  // namespace

std::string render_resolv_conf(std::string_view existing, const std::string& server) {
    std::string text = "nameserver " + server + "\n";
    while (!existing.empty()) {
        const std::size_t end = std::min(existing.find('\n'), existing.size());
        const std::string_view line = existing.substr(0, end);
        existing.remove_prefix(std::min(end + 1, existing.size()));
        if (begins_with_word(line, "search") || begins_with_word(line, "domain") ||
            begins_with_word(line, "options")) {
            text += std::string(line) + "\n";
        }
    }
    return text;
}

void use_name_server(const std::string& server, CoveredFiles& files) {
    std::ifstream file(resolv_conf, std::ios::binary);
    if (!file) {
        return;
    }
    const std::string existing{std::istreambuf_iterator<char>(file), {}};
    if (files.cover(resolv_conf, render_resolv_conf(existing, server))) {
        hide_name_service_caches();
    }
}

void hide_name_service_caches() {
    if (exists(nscd_socket)) {
        mount("tmpfs", "/run/nscd", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755");
    }
    // Nothing listens at the null device, so nss-resolve counts systemd-resolved as not running.
    if (exists(resolved_socket)) {
        mount("/dev/null", resolved_socket, nullptr, MS_BIND, nullptr);
    }
}

}  // namespace ghostpeer::sandbox
