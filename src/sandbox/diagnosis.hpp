#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sandbox/error.hpp"

namespace ghostpeer::sandbox {

/// What is known when the namespaces could not be made or are of no use.
struct NamespaceFacts {
    enum class Step {
        create,  ///< clone() failed.
        use,     ///< It succeeded, yet its first privileged operation failed.
    };

    Step step = Step::create;
    int error = 0;                ///< The errno of that step.
    bool user_namespace = false;  ///< One was asked for: the caller lacks privileges.
    bool root = false;            ///< The caller's effective uid is 0.

    // The settings; not set where the kernel has no such setting.
    std::optional<long> unprivileged_userns_clone;
    std::optional<long> apparmor_restrict_unprivileged_userns;
    std::optional<long> max_user_namespaces;
    std::optional<long> max_net_namespaces;
    std::optional<long> max_pid_namespaces;
    std::optional<long> max_mnt_namespaces;

    bool seccomp_filter = false;
    bool chrooted = false;
    bool container = false;
    std::vector<std::string> missing_kinds;  ///< Of "user", "net", "pid", "mnt": not in the kernel.
};

/// Reads what /proc tells about the calling process and the system.
[[nodiscard]] NamespaceFacts collect_facts(NamespaceFacts::Step step, int error,
                                           bool user_namespace);

/// Names the setting that forbids it and the way out.
[[nodiscard]] Error explain(const NamespaceFacts& facts);

}  // namespace ghostpeer::sandbox
