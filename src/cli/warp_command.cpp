#include "cli/warp_command.hpp"

#include "cli/warp_compare.hpp"
#include "event/exit_status.hpp"
#include "loop/clock.hpp"
#include "loop/last_resort.hpp"
#include "loop/signals.hpp"
#include "posix/message.hpp"
#include "run/observers.hpp"
#include "run/run_command.hpp"
#include "setup/engine_setup.hpp"
#include "setup/peers.hpp"
#include "warp/guest_init.hpp"
#include "warp/kernel_build.hpp"
#include "warp/kernel_seal.hpp"
#include "warp/recipe.hpp"
#include "warp/supervisor.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <csignal>

namespace ghostpeer::cli {
namespace {

/// For a guest whose time is up to end by itself: it is given less (warp/supervisor.cpp).
constexpr Duration patience_with_guest = std::chrono::seconds(8);

/// One moving line on a terminal, else a line for each quarter.
class ProgressLine {
  public:
    explicit ProgressLine(std::string what)
        : what_(std::move(what)), terminal_(isatty(STDERR_FILENO) == 1) {}

    void show(std::string_view stage, int percent) {
        const std::string text = percent < 0 ? fmt::format("{}: {}", what_, stage)
                                             : fmt::format("{}: {} {} %", what_, stage, percent);
        if (terminal_) {
            print_message("\r\x1b[K" + text);
            return;
        }
        constexpr int step = 25;
        if (stage != stage_ || percent / step > quarter_) {
            quarter_ = percent / step;
            print_message(text + "\n");
        }
        stage_ = stage;
    }
    void end() const {
        if (terminal_ && !stage_.empty()) {
            print_message("\r\x1b[K");
        }
    }

  private:
    std::string what_;
    bool terminal_;
    std::string stage_;
    int quarter_ = 0;
};

[[nodiscard]] int build(const WarpRequest& request) {
    const auto store = warp::KernelStore::locate();
    auto wanted = request.kernels;
    if (wanted.empty()) {
        wanted.emplace_back(warp::recipes().front().series);
    }
    for (const std::string& series : wanted) {
        const loop::Clock clock;
        ProgressLine line("Linux " + series);
        const auto kernel = warp::build_kernel(
            store, {series, request.source,
                    [&](std::string_view stage, int percent) { line.show(stage, percent); }});
        line.end();
        if (!kernel) {
            complain(kernel.error());
            return exit_cannot;
        }
        print_message(fmt::format("Linux {} for --warp={} is ready after {:.0f} s: {}\n",
                                  kernel->release, series, to_seconds(clock.now()),
                                  kernel->path.string()));
    }
    return exit_success;
}

[[nodiscard]] int list() {
    const auto store = warp::KernelStore::locate();
    std::string text;
    for (const warp::Kernel& kernel : store.list()) {
        constexpr double mebibyte = 1024.0 * 1024.0;
        text += fmt::format("{:<16} {:<8} {:>6.1f} MiB  {}{}\n", kernel.release, kernel.machine,
                            static_cast<double>(kernel.size) / mebibyte, kernel.path.string(),
                            warp::KernelStore::is_current(kernel)
                                ? ""
                                : "  (stale: `ghostpeer warp build` makes a new one)");
    }
    if (text.empty()) {
        print_message(
            "There is no kernel for --warp yet. Build one, in a few minutes: ghostpeer "
            "warp build\n");
        return exit_success;
    }
    return print_output(text) ? exit_success : exit_cannot;
}

[[nodiscard]] int remove(const WarpRequest& request) {
    const auto removed = warp::remove_kernels(warp::KernelStore::locate(), request.kernels);
    if (!removed) {
        complain(removed.error());
        return exit_cannot;
    }
    return print_output(*removed) ? exit_success : exit_cannot;
}

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

/// Runs on several kernels do not write over each other's files.
void place_files(setup::RunOptions& options, const std::string& suffix) {
    for (auto* file : {&options.trace_file, &options.events_file, &options.pcap_file,
                       &options.junit_file, &options.tap_file, &options.report_file}) {
        const bool is_output = file == &options.tap_file && *file == "-";
        if (*file && !is_output && !suffix.empty()) {
            *file = with_suffix(**file, suffix);
        }
    }
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

int run_in_warp(const setup::RunOptions& options, const sandbox::Inheritance& inheritance,
                const std::vector<std::string>& arguments) {
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
    if (peers->relays.servers) {
        complain(
            "a profile of this run says `relay`, which needs the network of this machine, and a "
            "run with --warp has none: COMMAND and the peer are alone in their kernel. Leave "
            "--warp out, or give the profile another service.");
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
    warp::GuestSpec spec = make_spec(options, inheritance, arguments);
    if (kernels.size() == 1) {
        return run_in_guest(options, kernels.front(), std::move(spec));
    }
    return compare_kernels(kernels, options, spec);
}

int run_in_guest(const setup::RunOptions& options, const warp::Kernel& kernel,
                 warp::GuestSpec spec) {
    loop::SignalReader signals;
    const loop::Clock clock;
    last_resort::arm(options.wall_timeout + patience_with_guest, last_resort::Cause::wall_timeout);
    last_resort::doing("the guest is waited for");
    setup::RunOptions own = options;
    place_files(own, spec.file_suffix);
    warp::GuestRun run;
    run.kernel = kernel;
    run.spec = std::move(spec);
    run.wall_timeout = options.wall_timeout;
    run.free_work = options.free_work;
    run.most_input = setup::memory_limit(options);
    run.clock = [&] { return clock.now() - run_start; };
    run.signal_fd = signals.fd();
    run.next_signal = [&]() -> std::optional<int> {
        const auto signal = signals.next();
        return signal ? std::optional(signal->number) : std::nullopt;
    };
    run.tell = [](std::string_view sentence) { complain(sentence); };
    const warp::GuestEnd end = warp::run_guest(run);
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

int warp_command(const WarpRequest& request) {
    switch (request.action) {
        case WarpRequest::Action::build: return build(request);
        case WarpRequest::Action::list: return list();
        case WarpRequest::Action::remove: break;
    }
    return remove(request);
}

void guest_main(const char* run_directory) {
    warp::run_guest_init(run_directory, [](const warp::GuestSpec& spec) {
        const auto inheritance = sandbox::Inheritance::capture();
        std::signal(SIGPIPE, SIG_IGN);
        std::vector<const char*> arguments;
        for (const std::string& argument : spec.arguments) {
            arguments.push_back(argument.c_str());
        }
        auto request = parse_command_line(static_cast<int>(arguments.size()), arguments.data());
        auto* run = std::get_if<RunRequest>(&request);
        if (run == nullptr) {
            complain(
                "the guest understands the command line in another way than the host. This is "
                "a bug.");
            return exit_cannot;
        }
        utsname names{};
        uname(&names);
        run->options.kernel = std::string("Linux ") + names.release;
        run->options.seed = spec.seed;
        run->options.colour =
            spec.colour ? setup::ColourChoice::always : setup::ColourChoice::never;
        place_files(run->options, spec.file_suffix);
        if (!spec.events_file.empty()) {
            run->options.events_file = spec.events_file;
        }
        run->options.rtt = run->options.rtt.value_or(std::chrono::milliseconds(1));
        return run::run_command(run->options, inheritance);
    });
}

}  // namespace ghostpeer::cli
