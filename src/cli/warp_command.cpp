#include "cli/warp_command.hpp"

#include "event/exit_status.hpp"
#include "guests/run_in_warp.hpp"
#include "loop/clock.hpp"
#include "posix/message.hpp"
#include "run/run_command.hpp"
#include "warp/guest_init.hpp"
#include "warp/kernel_build.hpp"
#include "warp/recipe.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <csignal>

namespace ghostpeer::cli {
namespace {

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

}  // namespace

int warp_command(const WarpRequest& request) {
    switch (request.action) {
        case WarpRequest::Action::build: return build(request);
        case WarpRequest::Action::list: return list();
        case WarpRequest::Action::remove: break;
    }
    return remove(request);
}

void guest_main(const char* run_directory) {
    warp::run_guest_init(run_directory, loop::await_phase, [](const warp::GuestSpec& spec) {
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
        guests::place_files(run->options, spec.file_suffix);
        if (!spec.events_file.empty()) {
            run->options.events_file = spec.events_file;
        }
        run->options.rtt = run->options.rtt.value_or(std::chrono::milliseconds(1));
        return run::run_command(run->options, inheritance);
    });
}

}  // namespace ghostpeer::cli
