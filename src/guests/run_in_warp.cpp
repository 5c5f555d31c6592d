#include "guests/run_in_warp.hpp"

#include "event/exit_status.hpp"
#include "guests/compare.hpp"
#include "loop/clock.hpp"
#include "loop/last_resort.hpp"
#include "posix/message.hpp"
#include "run/observers.hpp"
#include "run/run_command.hpp"
#include "setup/engine_setup.hpp"
#include "setup/peers.hpp"
#include "warp/kernel_seal.hpp"

#include <csignal>
#include <utility>

namespace ghostpeer::guests {
namespace {

/// For a guest whose time is up to end by itself: it is given less (warp/supervisor.cpp).
constexpr Duration patience_with_guest = std::chrono::seconds(8);

[[nodiscard]] warp::GuestSpec make_spec(const setup::RunOptions& options,
                                        const sandbox::Inheritance& inheritance,
                                        const std::vector<std::string>& arguments) {
    warp::GuestSpec spec = warp::describe_caller();
    spec.arguments = arguments;
    for (int number = 1; number < NSIG; ++number) {
        if (sigismember(&inheritance.ignored, number) == 1) {
            spec.ignored_signals.push_back(number);
        }
    }
    spec.seed = run::choose_seed(options);
    spec.colour = run::wants_colour(options);
    return spec;
}

[[nodiscard]] int status_of(const warp::GuestEnd& end) {
    using Kind = warp::GuestEnd::Kind;
    switch (end.kind) {
        case Kind::ended: return end.status;
        case Kind::wall_timeout: return exit_timeout;
        case Kind::signal: return exit_signal_base + end.status;
        case Kind::failed: break;
    }
    return exit_cannot;
}

}  // namespace

void place_files(setup::RunOptions& options, const std::string& suffix) {
    for (auto* file : {&options.trace_file, &options.events_file, &options.pcap_file,
                       &options.junit_file, &options.tap_file, &options.report_file}) {
        const bool is_output =
            (file == &options.tap_file || file == &options.events_file) && *file == "-";
        if (*file && !is_output && !suffix.empty()) {
            *file = with_suffix(**file, suffix);
        }
    }
}

int run_in_warp(const setup::RunOptions& options, const sandbox::Inheritance& inheritance,
                const std::vector<std::string>& arguments, Host& host) {
    const bool timeout_first = options.timeout && *options.timeout < options.wall_timeout;
    last_resort::prepare();
    last_resort::arm(
        (timeout_first ? *options.timeout : options.wall_timeout) + last_resort::patience,
        timeout_first ? last_resort::Cause::timeout : last_resort::Cause::wall_timeout);
    last_resort::doing("the profiles are read");
    for (const std::string& series : options.warp) {
        setup::RunOptions one = options;
        place_files(one, options.warp.size() == 1 ? std::string() : suffix_of(series));
        if (const auto begun = run::begin_reports(one); !begun) {
            complain(begun.error());
            return exit_cannot;
        }
    }
    // What is wrong with profiles is told before a kernel is booted.
    const auto peers = setup::resolve_peers(options, setup::scene_of(options));
    if (!peers) {
        print_message(peers.error());
        return exit_cannot;
    }
    if (peers->relays.servers && (!peers->relays.original || peers->servers.empty())) {
        complain(
            "a profile of this run relays to a real server, which needs the network of this "
            "machine, and a run with --warp has none: COMMAND and the peer are alone in their "
            "kernel. Leave --warp out, or start the server inside the run (--server).");
        return exit_cannot;
    }
    const auto store = warp::KernelStore::locate();
    std::vector<warp::Kernel> kernels;
    for (const std::string& series : options.warp) {
        auto kernel = store.find(series);
        if (!kernel) {
            complain(kernel.error());
            return exit_cannot;
        }
        if (const auto why = warp::distrust_kernel(kernel->path)) {
            complain(*why);
            return exit_cannot;
        }
        kernels.push_back(std::move(*kernel));
    }
    host.read_signals();
    warp::GuestSpec spec = make_spec(options, inheritance, arguments);
    if (kernels.size() == 1) {
        return run_in_guest(options, kernels.front(), std::move(spec), host);
    }
    return compare_kernels(kernels, options, spec, host);
}

int run_in_guest(const setup::RunOptions& options, const warp::Kernel& kernel, warp::GuestSpec spec,
                 Host& host) {
    const loop::Clock clock;
    last_resort::arm(options.wall_timeout + patience_with_guest, last_resort::Cause::wall_timeout);
    last_resort::doing("the guest is waited for");
    setup::RunOptions own = options;
    place_files(own, spec.file_suffix);
    warp::GuestRun run;
    run.spec = std::move(spec);
    run.wall_timeout = options.wall_timeout;
    run.most_input = setup::memory_limit(options);
    run.clock = [&] { return clock.now() - run_start; };
    run.signal_fd = host.signals->fd();
    run.next_signal = [&] { return host.next_signal(); };
    run.time_of_day = [&] { return clock.epoch_now() + run.clock(); };
    run.tell = [](std::string_view sentence) { complain(sentence); };
    const bool fits = host.guest && host.guest->options().kernel.path == kernel.path &&
                      host.guest->options().free_work == options.free_work;
    if (!fits) {
        host.guest.emplace(warp::Guest::Options{kernel, options.free_work, host.kept});
    }
    const warp::GuestEnd end = host.guest->run(run);
    if (!end.message.empty()) {
        complain(end.message);
    }
    if (!end.told) {
        run::fail_reports(
            own, end.message.empty() ? std::string("A signal ended the run.") : end.message,
            status_of(end));
    }
    return status_of(end);
}

}  // namespace ghostpeer::guests
