#include "sandbox/name_service.hpp"

#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "posix/whole_file.hpp"
#include "sandbox/hosts.hpp"

namespace ghostpeer::sandbox {

namespace {

constexpr const char* hosts_file = "/etc/hosts";
constexpr const char* resolv_conf = "/etc/resolv.conf";
constexpr const char* nsswitch_conf = "/etc/nsswitch.conf";
constexpr const char* nscd_socket = "/run/nscd/socket";
constexpr const char* resolved_socket = "/run/systemd/resolve/io.systemd.Resolve";
constexpr const char* files_and_server = "files dns";

bool exists(const char* path) {
    struct stat found {};
    return stat(path, &found) == 0;
}

bool begins_with_word(std::string_view line, std::string_view word) {
    return line.starts_with(word) &&
           (line.size() == word.size() || line[word.size()] == ' ' || line[word.size()] == '\t');
}

std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

/// Keeps the C library from asking the machine's own caches.
void hide_name_service_caches() {
    if (exists(nscd_socket)) {
        mount("tmpfs", "/run/nscd", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755");
    }
    // Nothing listens at the null device, so nss-resolve counts systemd-resolved as not running.
    if (exists(resolved_socket)) {
        mount("/dev/null", resolved_socket, nullptr, MS_BIND, nullptr);
    }
}

/// Unset, with `error`: it cannot be read.
std::optional<std::string> read_text(const char* path, int& error) {
    auto text = whole_file(path);
    if (!text) {
        error = text.error();
        return std::nullopt;
    }
    return std::move(*text);
}

/// What is told of a file that COMMAND shares with the machine.
std::string shared_file(const std::string& path, int error) {
    if (error == ENOENT) {
        return path +
               " is not there, so that COMMAND cannot have one of its own: what it makes "
               "there stays on this machine.";
    }
    return "COMMAND's " + path +
           " is this machine's own, and what COMMAND writes there stays: it could not be covered "
           "(" +
           strerror(error) + ").";
}

Error needed(const std::string& path, const std::string& what, int error,
             const std::string& way_out) {
    return {Error::Kind::failed, "Names given to peers are resolved through a private " + path +
                                     ", and ghostpeer could not " + what + ": " + strerror(error) +
                                     ". " + way_out};
}

bool is_needed(const Spec& spec, std::string_view path) {
    return (path == hosts_file && !spec.hosts.empty()) ||
           (path == resolv_conf && spec.names_by_server);
}

std::string way_out_of(const std::string& path, int error) {
    return error == ENOENT ? "Create it, empty if need be ('sudo touch " + path +
                                 "'), or give peers addresses instead of names."
                           : "Give peers addresses instead of names.";
}

std::string private_text(const Spec& spec, std::string_view path, std::string existing) {
    if (path == hosts_file) {
        return render_hosts(existing, spec.hosts);
    }
    if (path == nsswitch_conf) {
        return render_nsswitch_conf(existing);
    }
    return spec.name_server.empty() ? std::move(existing)
                                    : render_resolv_conf(existing, spec.name_server);
}

}  // namespace

std::string render_resolv_conf(std::string_view existing, const std::string& server) {
    std::string text = "nameserver " + server + "\n";
    while (!existing.empty()) {
        const std::string_view line = take_line(existing);
        if (begins_with_word(line, "search") || begins_with_word(line, "domain") ||
            begins_with_word(line, "options")) {
            text += std::string(line) + "\n";
        }
    }
    return text;
}

std::string render_nsswitch_conf(std::string_view existing) {
    std::string text;
    bool found = false;
    while (!existing.empty()) {
        const std::string_view line = take_line(existing);
        const std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
        if (!line.substr(begin).starts_with("hosts:")) {
            text += std::string(line) + "\n";
        } else if (!std::exchange(found, true)) {
            // The machine's own name, which asks nobody.
            const bool own_name = line.find("myhostname") != std::string_view::npos;
            text += std::string("hosts: ") + files_and_server + (own_name ? " myhostname\n" : "\n");
        }
    }
    return found ? text : text + "hosts: " + files_and_server + "\n";
}

bool needs_name_files(const Spec& spec) { return !spec.hosts.empty() || spec.names_by_server; }

tl::expected<std::string, Error> do_without_name_files(const Spec& spec) {
    const std::string why =
        "ghostpeer may not make private mounts here (it runs in a chroot, or a container's "
        "AppArmor profile forbids mounts)";
    if (needs_name_files(spec)) {
        return tl::make_unexpected(
            Error{Error::Kind::not_permitted,
                  "Names given to peers are resolved through a private /etc/hosts, and " + why +
                      ". Start the container with '--security-opt apparmor=unconfined', or give "
                      "peers addresses instead of names."});
    }
    return "COMMAND's /etc/hosts, /etc/resolv.conf and /etc/nsswitch.conf are this machine's own, "
           "and what COMMAND writes there stays: " +
           why + ".";
}

tl::expected<std::string, Error> install_name_files(const Spec& spec, CoveredFiles& files) {
    std::string shared;
    const auto share = [&](const char* path, int error) {
        shared += (shared.empty() ? "" : " ") + shared_file(path, error);
    };
    // All are read first: what covers one may hide the folder of the next.
    std::vector<std::pair<const char*, std::string>> texts;
    for (const char* path : {hosts_file, resolv_conf, nsswitch_conf}) {
        int error = 0;
        if (auto text = read_text(path, error)) {
            texts.emplace_back(path, private_text(spec, path, std::move(*text)));
        } else if (is_needed(spec, path)) {
            return tl::make_unexpected(
                needed(path, "read this system's own one", error, way_out_of(path, error)));
        } else if (path != nsswitch_conf || error != ENOENT) {
            // Without an nsswitch.conf names are those of /etc/hosts and of the name server.
            share(path, error);
        }
    }
    for (const auto& [path, text] : texts) {
        const auto covered = files.cover(path, text);
        if (covered) {
            continue;
        }
        const int error = covered.error().error;
        if (!is_needed(spec, path)) {
            share(path, error);
            continue;
        }
        return tl::make_unexpected(
            covered.error().step == CoverFailure::Step::mount_temporary
                ? needed(path, "mount a temporary file system for it", error,
                         "In a container, start it with '--security-opt apparmor=unconfined', or "
                         "give peers addresses instead of names.")
                : needed(path, "put it in its place", error,
                         "Give peers addresses instead of names."));
    }
    hide_name_service_caches();
    return shared;
}

}  // namespace ghostpeer::sandbox
