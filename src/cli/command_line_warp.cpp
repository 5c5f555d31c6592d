#include "cli/command_line_warp.hpp"

namespace ghostpeer::cli {

void define_warp(CLI::App& warp, WarpRequest& request) {
    using Action = WarpRequest::Action;
    const auto action = [&](const char* name, const char* help, Action what) {
        CLI::App* sub = warp.add_subcommand(name, help);
        sub->callback([&request, what] { request.action = what; });
        return sub;
    };
    CLI::App* build =
        action("build", "Build a kernel from the distribution's source package", Action::build);
    build->add_option("--kernel", request.kernels, "6.12 (default) or 6.1. Repeatable")
        ->allow_extra_args(false);
    build->add_option("--source", request.source,
                      "FILE: the source package's archive, where it is not in /usr/src");
    action("list", "The kernels that are there", Action::list);
    action("remove", "Remove kernels and what builds have left", Action::remove)
        ->add_option("--kernel", request.kernels, "Only those of this series. Repeatable")
        ->allow_extra_args(false);
    warp.require_subcommand(1);
    warp.footer(
        R"(`ghostpeer run --warp` runs COMMAND on a Linux kernel of its own, an ordinary process without any
privilege, whose clock jumps over every wait: two hours of keepalive pass in a second.

Example:
  ghostpeer warp build
  ghostpeer run --warp keepalive-blackhole -- python3 my_client.py
)");
}

}  // namespace ghostpeer::cli
