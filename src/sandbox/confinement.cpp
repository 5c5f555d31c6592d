#include "sandbox/confinement.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "sandbox/syscall_filter.hpp"

namespace ghostpeer::sandbox {
namespace {

[[nodiscard]] tl::unexpected<Error> cannot_confine(std::string message) {
    return tl::unexpected(Error{Error::Kind::not_permitted, std::move(message)});
}

[[nodiscard]] std::optional<unsigned> number(const char* text) {
    unsigned value = 0;
    const char* const end = text + std::strlen(text);
    const auto [last, error] = std::from_chars(text, end, value);
    return error == std::errc{} && last == end && end != text ? std::optional(value) : std::nullopt;
}

[[nodiscard]] bool has_capability(unsigned capability) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
    return syscall(SYS_capget, &header, data.data()) == 0 &&
           (data[capability / 32].effective & (1U << (capability % 32))) != 0;
}

/// A user namespace need not have every number.
[[nodiscard]] bool is_mapped(const char* map, unsigned id) {
    std::ifstream file(map);
    std::uint64_t inside = 0;
    std::uint64_t outside = 0;
    std::uint64_t count = 0;
    while (file >> inside >> outside >> count) {
        if (id >= inside && id - inside < count) {
            return true;
        }
    }
    return false;
}

[[nodiscard]] bool can_become(const Identity& identity) {
    return has_capability(CAP_SETUID) && has_capability(CAP_SETGID) &&
           is_mapped("/proc/self/uid_map", identity.uid) &&
           is_mapped("/proc/self/gid_map", identity.gid);
}

[[nodiscard]] std::optional<Identity> who_called_sudo() {
    const char* const uid = std::getenv("SUDO_UID");
    const char* const gid = std::getenv("SUDO_GID");
    const auto user = uid == nullptr ? std::nullopt : number(uid);
    const auto group = gid == nullptr ? std::nullopt : number(gid);
    return user && group && *user != 0 ? std::optional(Identity{*user, *group}) : std::nullopt;
}

[[nodiscard]] bool drop_identity(const Identity& identity) {
    return setgroups(0, nullptr) == 0 && setresgid(identity.gid, identity.gid, identity.gid) == 0 &&
           setresuid(identity.uid, identity.uid, identity.uid) == 0;
}

/// All but those of `kept`, a bit for each, which are kept where they are there.
[[nodiscard]] bool drop_capabilities(std::uint32_t kept = 0) {
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
    if (kept != 0 && syscall(SYS_capget, &header, data.data()) != 0) {
        return false;
    }
    const std::uint32_t left = data[0].permitted & kept;
    data = {};
    data[0].permitted = left;
    data[0].effective = left;
    return syscall(SYS_capset, &header, data.data()) == 0;
}

void drop_bounding_set() {
    // Needs CAP_SETPCAP; who has it not cannot gain others either, see no_new_privs.
    for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    }
}

}  // namespace

tl::expected<std::optional<Identity>, Error> choose_identity(
    const std::optional<std::string>& user) {
    if (user) {
        const auto id = number(user->c_str());
        const passwd* const known =
            id ? getpwuid(static_cast<uid_t>(*id)) : getpwnam(user->c_str());
        if (known == nullptr && !id) {
            return cannot_confine("There is no user " + *user + " to become (--user).");
        }
        const Identity identity =
            known != nullptr ? Identity{known->pw_uid, known->pw_gid} : Identity{*id, *id};
        if (identity.uid == geteuid()) {
            return std::nullopt;
        }
        if (!can_become(identity)) {
            return cannot_confine("ghostpeer may not become the user " + *user +
                                  ": that needs CAP_SETUID and CAP_SETGID. Leave --user out.");
        }
        return identity;
    }
    if (geteuid() != 0) {
        return std::nullopt;
    }
    auto identity = who_called_sudo();
    if (!identity) {
        constexpr unsigned overflow = 65534;
        const passwd* const nobody = getpwnam("nobody");
        identity = nobody != nullptr ? Identity{nobody->pw_uid, nobody->pw_gid}
                                     : Identity{overflow, overflow};
    }
    return can_become(*identity) ? identity : std::nullopt;
}

tl::expected<void, Error> confine(const std::optional<Identity>& identity,
                                  const std::vector<Visible>& visible, bool looks_up_names) {
    drop_bounding_set();
    if (identity && !drop_identity(*identity)) {
        return cannot_confine("ghostpeer could not become the user " +
                              std::to_string(identity->uid) + ": " + strerror(errno) + ".");
    }
    if (!drop_capabilities()) {
        return cannot_confine(std::string("ghostpeer could not give up its capabilities: ") +
                              strerror(errno) + ".");
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return cannot_confine(std::string("ghostpeer could not rule out new privileges: ") +
                              strerror(errno) + ".");
    }
    if (const auto seen = see_only(visible); !seen) {
        return cannot_confine(std::string("ghostpeer could not close the file system to itself: ") +
                              strerror(seen.error()) + ".");
    }
    if (const int error = install(syscall_filter(looks_up_names)); error != 0) {
        return cannot_confine(std::string("ghostpeer could not set its filter of system calls: ") +
                              strerror(error) + ".");
    }
#ifdef __SANITIZE_ADDRESS__
    // The leak checker traces the process at its end, which a change of identity forbids.
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
#endif
    return {};
}

void confine_run(pid_t helper, bool looks_up_names) {
    drop_bounding_set();
    // Profiles that the control interface names, and its own socket, may lie in somebody's folder.
    // Where COMMAND waits is told by /proc/PID/syscall, and COMMAND of root's has capabilities that
    // are gone here (cap_ptrace_access_check()); ptrace(2) itself is refused below.
    static_cast<void>(drop_capabilities(1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH |
                                        1U << CAP_FOWNER | 1U << CAP_SYS_PTRACE));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
        static_cast<void>(install(syscall_filter(looks_up_names, helper)));
    }
}

}  // namespace ghostpeer::sandbox
