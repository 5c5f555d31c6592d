#include "help/first_profile.hpp"

namespace ghostpeer::help {

std::string_view first_profile() noexcept {
    return R"(# How a peer misbehaves. Try it:
#
#   ghostpeer run ./ghostpeer.yaml -- curl -sS http://198.18.0.2/
#
# `ghostpeer check ghostpeer.yaml` tells what is wrong with it, `ghostpeer list WORD` finds profiles
# to build on (`extends: NAME`), and `ghostpeer show NAME` how they are written.
summary: Answers with half of what it promised, and resets the connection.

extends: healthy        # a server that works, as long as nothing goes wrong

params:                 # used as ${name}; `--set half=...` sets one for a run
  half: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it"

# What goes wrong. `on` is the moment, `do` what happens then. Without a number a rule acts each
# time: `first: 2`, `nth: 3` and `every: 2` count.
rules:
  - on: receive data
    nth: 1
    do: [{say: "${half}"}, reset]

# What has to be true of the program, else the run fails with status 123.
expect:
  - attempts: 1         # it does not connect again
)";
}

}  // namespace ghostpeer::help
