#include "sandbox/diagnosis.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

namespace ghostpeer::sandbox {

namespace {

std::optional<long> read_number(const std::string& path) {
    std::ifstream file(path);
    long value = 0;
    if (file >> value) {
        return value;
    }
    return std::nullopt;
}

bool has_seccomp_filter() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("Seccomp:")) {
            return line.find('2') != std::string::npos;
        }
    }
    return false;
}

// Within a chroot, mountinfo lists only what lies below its root, and "/" is there only if that
// root happens to be a mount point.
bool is_chrooted() {
    std::ifstream mounts("/proc/self/mountinfo");
    bool any = false;
    for (std::string line; std::getline(mounts, line);) {
        any = true;
        std::istringstream fields(line);
        std::string id, parent, device, root, mount_point;
        if (fields >> id >> parent >> device >> root >> mount_point && mount_point == "/") {
            return false;
        }
    }
    return any;
}

Error not_permitted(std::string message) {
    return {Error::Kind::not_permitted, std::move(message)};
}

// Root without capabilities is found in containers.
std::string with_privileges(const NamespaceFacts& facts) {
    return facts.root ? "start the container with '--cap-add=SYS_ADMIN --cap-add=NET_ADMIN'"
                      : "run ghostpeer as root";
}

Error explain_limit(const NamespaceFacts& facts) {
    struct Limit {
        bool counts;
        std::optional<long> value;
        std::string name;
    };
    const std::array<Limit, 4> limits{{
        {facts.user_namespace, facts.max_user_namespaces, "user.max_user_namespaces"},
        {true, facts.max_net_namespaces, "user.max_net_namespaces"},
        {true, facts.max_pid_namespaces, "user.max_pid_namespaces"},
        {true, facts.max_mnt_namespaces, "user.max_mnt_namespaces"},
    }};
    for (const Limit& limit : limits) {
        if (limit.counts && limit.value == 0) {
            const std::string way_out = "Allow them with 'sudo sysctl " + limit.name + "=15000'";
            return not_permitted(
                "ghostpeer runs the program in private namespaces, and this system forbids "
                "them: " +
                limit.name + " is 0. " + way_out +
                (limit.name == "user.max_user_namespaces" ? ", or " + with_privileges(facts) + "."
                                                          : "."));
        }
    }
    return not_permitted(
        "ghostpeer runs the program in private namespaces, and the kernel says that there are too "
        "many (" +
        std::string(strerror(facts.error)) +
        "): a limit of user.max_user_namespaces, "
        "user.max_net_namespaces, user.max_pid_namespaces or user.max_mnt_namespaces is reached, "
        "or namespaces are nested more than 32 deep. End what holds namespaces ('lsns' lists "
        "them), or raise the limit with 'sudo sysctl user.max_net_namespaces=15000'.");
}

Error explain_container() {
    return not_permitted(
        "ghostpeer runs the program in private namespaces, and a seccomp filter on this process "
        "forbids them: no setting of the system does. In a container, start it with "
        "'--cap-add=SYS_ADMIN --cap-add=NET_ADMIN' (Docker's and Podman's own filter then "
        "permits namespaces) or with '--security-opt seccomp=unconfined'. In a systemd service, "
        "remove RestrictNamespaces= and SystemCallFilter=.");
}

Error explain_apparmor(const NamespaceFacts& facts) {
    return not_permitted(
        "Without root's capabilities, ghostpeer needs a user namespace with privileges, and "
        "AppArmor denies those to ordinary users: kernel.apparmor_restrict_unprivileged_userns "
        "is 1 (the default since Ubuntu 23.10). Allow it with 'sudo sysctl "
        "kernel.apparmor_restrict_unprivileged_userns=0', or give the ghostpeer binary an "
        "AppArmor profile that contains 'userns,', or " +
        with_privileges(facts) + ".");
}

Error explain_refused_creation(const NamespaceFacts& facts) {
    if (facts.user_namespace && facts.unprivileged_userns_clone == 0) {
        return not_permitted(
            "Without root's capabilities, ghostpeer needs a user namespace, and this system "
            "forbids them to ordinary users: kernel.unprivileged_userns_clone is 0. Allow it with "
            "'sudo sysctl kernel.unprivileged_userns_clone=1', or " +
            with_privileges(facts) + ".");
    }
    if (facts.user_namespace && facts.chrooted) {
        return not_permitted(
            "Without root's capabilities, ghostpeer needs a user namespace, and the kernel "
            "permits none to a process in a chroot. Run ghostpeer outside the chroot, use a "
            "container or pivot_root instead of chroot, or run it with the capabilities "
            "SYS_ADMIN and NET_ADMIN.");
    }
    if (facts.seccomp_filter) {
        return explain_container();
    }
    if (facts.user_namespace && facts.apparmor_restrict_unprivileged_userns.value_or(0) != 0) {
        return explain_apparmor(facts);
    }
    return not_permitted(
        "ghostpeer runs the program in private namespaces, and the system refuses them (" +
        std::string(strerror(facts.error)) +
        ") though no setting that ghostpeer knows of forbids them. A security module such as "
        "SELinux or AppArmor may do so, its log ('dmesg') then says why. " +
        (facts.container
             ? "In a container, start it with '--cap-add=SYS_ADMIN --cap-add=NET_ADMIN', or with "
               "'--privileged'."
             : "Permit it there, or run ghostpeer as root."));
}

Error explain_useless(const NamespaceFacts& facts) {
    if (facts.user_namespace && facts.apparmor_restrict_unprivileged_userns.value_or(0) != 0) {
        return explain_apparmor(facts);
    }
    return not_permitted(
        "ghostpeer made private namespaces for the program but may not configure them (" +
        std::string(strerror(facts.error)) +
        "). A security module such as SELinux or AppArmor may forbid it, its log ('dmesg') then "
        "says why. " +
        (facts.container ? "In a container, start it with '--cap-add=SYS_ADMIN --cap-add=NET_ADMIN "
                           "--security-opt apparmor=unconfined', or with '--privileged'."
                         : "Permit it there, or run ghostpeer as root."));
}

}  // namespace

NamespaceFacts collect_facts(NamespaceFacts::Step step, int error, bool user_namespace) {
    NamespaceFacts facts;
    facts.step = step;
    facts.error = error;
    facts.user_namespace = user_namespace;
    facts.root = geteuid() == 0;
    const std::string kernel = "/proc/sys/kernel/";
    const std::string user = "/proc/sys/user/";
    facts.unprivileged_userns_clone = read_number(kernel + "unprivileged_userns_clone");
    facts.apparmor_restrict_unprivileged_userns =
        read_number(kernel + "apparmor_restrict_unprivileged_userns");
    facts.max_user_namespaces = read_number(user + "max_user_namespaces");
    facts.max_net_namespaces = read_number(user + "max_net_namespaces");
    facts.max_pid_namespaces = read_number(user + "max_pid_namespaces");
    facts.max_mnt_namespaces = read_number(user + "max_mnt_namespaces");
    facts.seccomp_filter = has_seccomp_filter();
    facts.chrooted = is_chrooted();
    facts.container = access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0;
    if (access("/proc/self/ns", F_OK) == 0) {
        for (const char* kind : {"user", "net", "pid", "mnt"}) {
            if (access(("/proc/self/ns/" + std::string(kind)).c_str(), F_OK) != 0) {
                facts.missing_kinds.emplace_back(kind);
            }
        }
    }
    return facts;
}

Error explain(const NamespaceFacts& facts) {
    if (facts.step == NamespaceFacts::Step::use) {
        return explain_useless(facts);
    }
    switch (facts.error) {
        case ENOSPC:
        case EUSERS: return explain_limit(facts);
        case EPERM:
        case EACCES: return explain_refused_creation(facts);
        case EAGAIN:
            return {Error::Kind::failed,
                    "ghostpeer could not start a process: the limit on processes is reached. End "
                    "some, or raise it ('ulimit -u', or pids.max of the control group)."};
        case ENOMEM:
            return {Error::Kind::failed,
                    "ghostpeer could not make private namespaces: the kernel is out of memory. "
                    "End something, then try again."};
        default: break;
    }
    if (!facts.missing_kinds.empty()) {
        std::string kinds;
        for (const std::string& kind : facts.missing_kinds) {
            kinds += (kinds.empty() ? "" : ", ") + kind;
        }
        return not_permitted(
            "ghostpeer runs the program in private namespaces, and this kernel was built without "
            "them (missing: " +
            kinds +
            "). Use a kernel with CONFIG_USER_NS, CONFIG_NET_NS and "
            "CONFIG_PID_NS.");
    }
    return {Error::Kind::failed,
            "ghostpeer could not make private namespaces for the program: " +
                std::string(strerror(facts.error)) +
                ". If this is a sandbox that imitates Linux (gVisor, WSL 1), use a real kernel."};
}

}  // namespace ghostpeer::sandbox
