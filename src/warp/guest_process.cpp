#include "warp/guest_process.hpp"

#include "process/tree.hpp"

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

namespace ghostpeer::warp {
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

std::vector<pid_t> programs_of(pid_t runner) {
    std::vector<pid_t> found;
    for (const pid_t helper : process::children_of(runner)) {
        // The programs behind the peer are not the one that is tested.
        if (process::name_of_living(helper) == "ghostpeer-stage") {
            continue;
        }
        const auto below = process::descendants_of(helper);
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
