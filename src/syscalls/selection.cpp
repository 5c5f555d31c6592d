#include "syscalls/selection.hpp"

#include "syscalls/arguments.hpp"

#include <algorithm>
#include <array>

namespace ghostpeer::syscalls {
namespace {

// A name behind a `?` need not be known to strace, nor to the processor: newer ones lack poll().
constexpr std::string_view waits =
    "%network,?poll,?ppoll,?ppoll_time64,?select,?_newselect,?pselect6,?pselect6_time64,"
    "?epoll_wait,?epoll_pwait,?epoll_pwait2,?io_uring_enter";
constexpr std::string_view of_any_file =
    "?read,?write,?readv,?writev,?preadv,?pwritev,?preadv2,?pwritev2,?sendfile,?sendfile64,"
    "?splice,?close";
constexpr std::string_view children = "?clone,?clone3,?fork,?vfork";
constexpr std::string_view begin = "?execve";

[[nodiscard]] bool is_one_of(std::string_view list, std::string_view name) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        auto word = list.substr(0, comma);
        word.remove_prefix(word.starts_with('?') ? 1 : 0);
        if (word == name) {
            return true;
        }
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
    return false;
}

}  // namespace

Selection::Selection(std::string_view set) {
    if (set == "network") {
        sockets_only_ = true;
        hides_children_ = true;
        hides_execve_ = true;
        trace_.append(waits).append(",").append(of_any_file).append(",").append(children);
        trace_.append(",").append(begin);
        return;
    }
    trace_ = set;
    if (set == "all" || set == "none" || set.starts_with('!')) {
        traces_execve_ = set == "all";
        return;
    }
    // Where they may be meant they are shown; `/` begins a pattern.
    constexpr std::array<std::string_view, 5> makers{"%process", "process", "clone", "fork", "/"};
    hides_children_ = std::none_of(makers.begin(), makers.end(), [&](std::string_view word) {
        return set.find(word) != std::string_view::npos;
    });
    hides_execve_ = hides_children_ && set.find("exec") == std::string_view::npos &&
                    set.find("%file") == std::string_view::npos;
    trace_.append(",").append(children).append(",").append(begin);
}

bool Selection::shows(const Call& call) const {
    if ((hides_children_ && is_one_of(children, call.name)) ||
        (hides_execve_ && call.name == "execve")) {
        return false;
    }
    if (!sockets_only_ || !is_one_of(of_any_file, call.name)) {
        return true;
    }
    const auto named = annotations(call.arguments);
    return std::any_of(named.begin(), named.end(), is_socket);
}

}  // namespace ghostpeer::syscalls
