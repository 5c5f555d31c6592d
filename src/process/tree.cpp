#include "process/tree.hpp"

#include "posix/whole_file.hpp"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace ghostpeer::process {
namespace {

/// All of it: a name may have line ends.
[[nodiscard]] std::string stat_of(pid_t process) {
    return whole_file(fmt::format("/proc/{}/stat", process)).value_or("");
}

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
        const std::string text = stat_of(pid);
        const auto name_end = text.rfind(')');
        pid_t parent = 0;
        if (name_end != std::string::npos &&
            std::sscanf(text.c_str() + name_end, ") %*c %d", &parent) == 1) {
            children.emplace(parent, pid);
        }
    }
    return children;
}

[[nodiscard]] std::vector<pid_t> children_in(const std::multimap<pid_t, pid_t>& tree,
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

std::vector<pid_t> children_of(pid_t parent) {
    // Where the kernel lists them (CONFIG_PROC_CHILDREN) all the others need not be asked.
    std::ifstream list(fmt::format("/proc/{0}/task/{0}/children", parent));
    if (!list) {
        return children_in(family_tree(), parent);
    }
    std::vector<pid_t> found;
    for (pid_t child = 0; list >> child;) {
        found.push_back(child);
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::optional<std::string> name_of_living(pid_t process) {
    const std::string text = stat_of(process);
    const auto begin = text.find('(');
    const auto end = text.rfind(") ");
    if (begin == std::string::npos || end == std::string::npos || end + 2 >= text.size() ||
        text[end + 2] == 'Z' || text[end + 2] == 'X') {
        return std::nullopt;
    }
    return text.substr(begin + 1, end - begin - 1);
}

pid_t tracer_of(pid_t process) {
    std::ifstream file(fmt::format("/proc/{}/status", process));
    constexpr std::string_view mark = "TracerPid:";
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(mark)) {
            return std::atoi(line.c_str() + mark.size());
        }
    }
    return 0;
}

std::vector<pid_t> descendants_of(pid_t ancestor) {
    const auto tree = family_tree();
    std::vector<pid_t> found{ancestor};
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto next = children_in(tree, found[i]);
        found.insert(found.end(), next.begin(), next.end());
    }
    found.erase(found.begin());
    return found;
}

}  // namespace ghostpeer::process
