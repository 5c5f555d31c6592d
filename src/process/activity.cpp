#include "process/activity.hpp"

#include <dirent.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

namespace ghostpeer::process {
namespace {

[[nodiscard]] std::uint64_t slept_in(const std::string& status_file) {
    constexpr std::string_view key = "voluntary_ctxt_switches:";
    std::ifstream file(status_file);
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(key)) {
            return std::strtoull(line.c_str() + key.size(), nullptr, 10);
        }
    }
    return 0;
}

/// Of a line of /proc/net/tcp: `sl local remote st tx:rx tr:when …`.
void add_timer(const std::string& line, SocketTimers& timers) {
    constexpr unsigned keepalive = 2;
    constexpr unsigned window_probe = 4;
    unsigned timer = 0;
    if (std::sscanf(line.c_str(), " %*d: %*s %*s %*x %*x:%*x %x:", &timer) == 1 && timer != 0) {
        timers.any = true;
        timers.others = timers.others || (timer != keepalive && timer != window_probe);
    }
}

}  // namespace

std::uint64_t times_slept(const std::vector<pid_t>& processes) {
    std::uint64_t sum = 0;
    for (const pid_t process : processes) {
        const std::string path = fmt::format("/proc/{}/task", process);
        const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), closedir);
        while (const dirent* entry = folder ? readdir(folder.get()) : nullptr) {
            if (entry->d_name[0] != '.') {
                sum += slept_in(fmt::format("{}/{}/status", path, entry->d_name));
            }
        }
    }
    return sum;
}

SocketTimers socket_timers(pid_t process) {
    SocketTimers timers;
    for (const char* name : {"tcp", "tcp6"}) {
        std::ifstream file(fmt::format("/proc/{}/net/{}", process, name));
        for (std::string line; std::getline(file, line);) {
            add_timer(line, timers);
        }
    }
    return timers;
}

}  // namespace ghostpeer::process
