#include "sandbox/file_system.hpp"

#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "posix/file_descriptor.hpp"

namespace ghostpeer::sandbox {
namespace {

// As later kernels have it; the headers may be older.
struct RulesetAttributes {
    std::uint64_t handled_access_fs = 0;
    std::uint64_t handled_access_net = 0;
    std::uint64_t scoped = 0;
};
constexpr std::uint64_t scope_abstract_socket = 1U << 0U;
constexpr std::uint64_t scope_signal = 1U << 1U;

// All rights that there are, by the version that brought them.
constexpr unsigned rights_of_v1 = 13;
constexpr int v2_refer = 2;
constexpr int v3_truncate = 3;
constexpr int v4_net = 4;
constexpr int v5_ioctl = 5;
constexpr int v6_scope = 6;

[[nodiscard]] std::uint64_t rights_of(int version) noexcept {
    std::uint64_t rights = (std::uint64_t{1} << rights_of_v1) - 1;
    for (const int brings_one : {v2_refer, v3_truncate, v5_ioctl}) {
        if (version >= brings_one) {
            rights = rights << 1U | 1U;
        }
    }
    return rights;
}

[[nodiscard]] std::size_t size_of(int version) noexcept {
    constexpr std::size_t one = sizeof(std::uint64_t);
    return version >= v6_scope ? 3 * one : version >= v4_net ? 2 * one : one;
}

[[nodiscard]] std::uint64_t access(const Visible& one) noexcept {
    if (one.right == Right::remove) {
        return LANDLOCK_ACCESS_FS_REMOVE_FILE;
    }
    struct stat found {};
    const bool folder = fstat(one.fd, &found) == 0 && S_ISDIR(found.st_mode);
    return LANDLOCK_ACCESS_FS_READ_FILE | (folder ? LANDLOCK_ACCESS_FS_READ_DIR : 0U);
}

}  // namespace

tl::expected<bool, int> see_only(const std::vector<Visible>& visible) {
    const auto version = static_cast<int>(
        syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
    if (version < 1) {
        return false;
    }
    RulesetAttributes attributes;
    attributes.handled_access_fs = rights_of(version);
    attributes.scoped = version >= v6_scope ? scope_signal | scope_abstract_socket : 0;
    const FileDescriptor ruleset(
        static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, size_of(version), 0)));
    if (!ruleset) {
        return tl::make_unexpected(errno);
    }
    for (const Visible& one : visible) {
        landlock_path_beneath_attr rule{};
        rule.allowed_access = access(one);
        rule.parent_fd = one.fd;
        if (syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) !=
            0) {
            return tl::make_unexpected(errno);
        }
    }
    if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
        return tl::make_unexpected(errno);
    }
    return true;
}

}  // namespace ghostpeer::sandbox
