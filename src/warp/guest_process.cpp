#include "warp/guest_process.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <string>

namespace ghostpeer::warp {
namespace {

/// Process by parent, read from /proc.
[[nodiscard]] std::multimap<pid_t, pid_t> family_tree() {
    std::multimap<pid_t, pid_t> children;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc"), closedir);
    while (const dirent* entry = folder ? readdir(folder.get()) : nullptr) {
        const pid_t pid = std::atoi(entry->d_name);
        if (pid <= 0) {
            continue;
        }
        // pid (name) state parent …: the name may hold anything, even parentheses.
        std::ifstream file(fmt::format("/proc/{}/stat", pid));
        std::string text;
        std::getline(file, text);
        const auto name_end = text.rfind(')');
        pid_t parent = 0;
        if (name_end != std::string::npos &&
            std::sscanf(text.c_str() + name_end, ") %*c %d", &parent) == 1) {
            children.emplace(parent, pid);
        }
    }
    return children;
}

[[nodiscard]] std::vector<pid_t> children_of(const std::multimap<pid_t, pid_t>& tree,
                                             pid_t parent) {
    std::vector<pid_t> found;
    const auto [begin, end] = tree.equal_range(parent);
    for (auto child = begin; child != end; ++child) {
        found.push_back(child->second);
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace

bool become_caller(const GuestSpec& spec) {
    for (const int number : spec.ignored_signals) {
        signal(number, SIG_IGN);
    }
    for (std::size_t i = 0; i < spec.limits.size() && i < RLIM_NLIMITS; ++i) {
        const rlimit limit{spec.limits[i].soft, spec.limits[i].hard};
        setrlimit(static_cast<__rlimit_resource>(i), &limit);
    }
    umask(static_cast<mode_t>(spec.umask));
    clearenv();
    for (const std::string& variable : spec.environment) {
        // putenv() keeps the pointer; the specification lives as long as the process.
        putenv(const_cast<char*>(variable.c_str()));
    }
    const std::vector<gid_t> groups(spec.groups.begin(), spec.groups.end());
    if (setgroups(groups.size(), groups.data()) != 0 ||
        setresgid(spec.group, spec.group, spec.group) != 0 ||
        setresuid(spec.user, spec.user, spec.user) != 0) {
        std::fprintf(stderr, "ghostpeer: the guest cannot take on user %u and group %u: %s.\n",
                     spec.user, spec.group, std::strerror(errno));
        return false;
    }
    // Changing the user took it away (commit_creds()), and with it the right to write uid_map.
    prctl(PR_SET_DUMPABLE, 1);
    return true;
}

std::vector<pid_t> descendants_of(pid_t ancestor) {
    const auto tree = family_tree();
    std::vector<pid_t> found{ancestor};
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto next = children_of(tree, found[i]);
        found.insert(found.end(), next.begin(), next.end());
    }
    found.erase(found.begin());
    return found;
}

std::vector<pid_t> programs_of(pid_t runner) {
    std::vector<pid_t> found;
    for (const pid_t helper : children_of(family_tree(), runner)) {
        const auto below = descendants_of(helper);
        found.insert(found.end(), below.begin(), below.end());
    }
    return found;
}

std::vector<pid_t> commands_of(pid_t runner) {
    auto programs = programs_of(runner);
    programs.resize(std::min<std::size_t>(programs.size(), 1));
    return programs;
}

}  // namespace ghostpeer::warp
