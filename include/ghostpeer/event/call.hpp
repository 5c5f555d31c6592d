// A system call of the program, as strace tells it, which is what the record has of it.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace ghostpeer::event {

struct Call {
    int process = 0;  ///< numbers as the program itself sees them
    int thread = 0;
    std::string name;       ///< `recvfrom`
    std::string arguments;  ///< between the parentheses, as strace writes them; a long one is cut
    std::optional<int> descriptor;  ///< the first argument, where it is one
    bool returned = true;           ///< false: not before the program, or the run, ended
    std::optional<std::int64_t> result;
    std::string address;            ///< a result that is an address: `0x7f12a0000000`
    std::string error;              ///< `ECONNRESET`, or the kernel's own `ERESTARTSYS`
    std::string detail;             ///< what strace adds: `Timeout`, `[{fd=3, revents=POLLIN}]`
    std::string result_descriptor;  ///< of a result that is a descriptor: `TCP:[4711]`
    Instant began{};
    Duration took{};
};

}  // namespace ghostpeer::event
