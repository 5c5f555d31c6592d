#include "warp/guest.hpp"

#include "warp/guest_init.hpp"
#include "warp/standard_input.hpp"
#include "warp/supervisor.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

namespace ghostpeer::warp {
namespace {

using namespace std::chrono_literals;

/// A guest is renewed after so many runs, whatever they have left behind in its kernel.
constexpr int most_runs = 500;
/// And where it has taken so much memory, which it does not give back.
constexpr std::uint64_t most_memory = std::uint64_t{144} * 1024 * 1024;
/// For a guest that has done a run to begin another, which is some milliseconds of work.
constexpr Duration patience = 10s;

[[nodiscard]] GuestEnd failed(std::string message) {
    return {GuestEnd::Kind::failed, 0, false, std::move(message)};
}

[[nodiscard]] bool same_file(int a, int b) {
    struct stat first {};
    struct stat second {};
    return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

}  // namespace

/// A folder for a guest that is not booted yet.
Guest::Problem Guest::prepare() {
    auto folder = RunDirectory::create();
    if (!folder) {
        return folder.error();
    }
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) {
        std::filesystem::create_symlink(self, folder->file(guest_file::init), error);
    }
    if (error) {
        return "ghostpeer cannot find its own program file: " + error.message() + ".";
    }
    home_.emplace(Home{std::move(*folder), std::nullopt, 0});
    return std::nullopt;
}

/// To the guest that is there, or to one that begins with it.
Guest::Problem Guest::hand_over(const GuestRun& run, bool has_stdin, const RunDirectory& folder) {
    GuestSpec spec = run.spec;
    spec.has_stdin = has_stdin;
    spec.one_output = same_file(STDOUT_FILENO, STDERR_FILENO);
    spec.kept = options_.kept;
    spec.epoch = run.time_of_day().count();
    for (const auto& [name, text] :
         {std::pair<const char*, std::string>{guest_file::spec, encode(spec)},
          {guest_file::out, ""},
          {guest_file::err, ""}}) {
        if (const auto written = folder.write(name, text); !written) {
            return written.error();
        }
    }
    if (home_->machine) {
        home_->machine->resume();
        home_->machine->order(order::run, home_->runs);
        return std::nullopt;
    }
    auto machine = Machine::boot(options_.kernel, home_->folder, options_.free_work);
    if (!machine) {
        return machine.error();
    }
    home_->machine.emplace(std::move(*machine));
    return std::nullopt;
}

bool Guest::is_worn() const {
    return home_->runs >= most_runs || home_->machine->memory_taken() > most_memory;
}

/// Set: the run has ended before it was begun.
std::optional<GuestEnd> Guest::take_input(StandardInput& input, const RunDirectory& folder) {
    if (auto spooled = input.spool(folder.file(guest_file::in)); !spooled) {
        return GuestEnd{input.out_of_time() ? GuestEnd::Kind::wall_timeout : GuestEnd::Kind::failed,
                        0, false, spooled.error()};
    }
    if (const auto signal = input.interrupted()) {
        return GuestEnd{GuestEnd::Kind::signal, *signal, false, {}};
    }
    return std::nullopt;
}

GuestEnd Guest::run(const GuestRun& run) {
    StandardInput input(
        {run.clock, run.wall_timeout, run.most_input, run.signal_fd, run.next_signal, run.tell});
    while (true) {
        if (const auto problem = home_ ? std::nullopt : prepare()) {
            return failed(*problem);
        }
        auto folder = home_->folder.create_inside(std::to_string(home_->runs + 1));
        if (!folder) {
            return failed(folder.error());
        }
        if (auto end = take_input(input, *folder)) {
            return std::move(*end);
        }
        ++home_->runs;  // and not before: a guest that is booted begins with the first
        const bool is_used = home_->machine.has_value();
        if (const auto problem = hand_over(run, input.has_content(), *folder)) {
            home_.reset();
            return failed(*problem);
        }
        Supervisor supervisor(run, *folder, *home_->machine, home_->folder.file(guest_file::log));
        if (is_used) {
            supervisor.begin_within(patience);
        }
        GuestEnd end = supervisor.supervise(input);
        // An earlier run has broken the guest, and this one is not to suffer from it.
        const bool again = is_used && end.kind == GuestEnd::Kind::failed && !supervisor.begun() &&
                           !input.has_content();
        if (!options_.kept || end.kind != GuestEnd::Kind::ended || !supervisor.unchanged() ||
            is_worn()) {
            home_.reset();
        }
        if (!again) {
            return end;
        }
    }
}

}  // namespace ghostpeer::warp
