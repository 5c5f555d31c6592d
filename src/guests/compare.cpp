#include "guests/compare.hpp"

#include "compare/columns.hpp"
#include "compare/side_by_side.hpp"
#include "event/exit_status.hpp"
#include "guests/run_in_warp.hpp"
#include "loop/clock.hpp"
#include "posix/file_descriptor.hpp"
#include "posix/message.hpp"
#include "setup/engine_setup.hpp"
#include "warp/run_directory.hpp"
#include "warp/standard_input.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace ghostpeer::guests {
namespace {

/// Every kernel gets standard input from its beginning: it is copied where it cannot be read twice.
/// Set: the status of a run that ends with this.
[[nodiscard]] std::optional<int> make_input_repeatable(const setup::RunOptions& options,
                                                       const std::string& copy, Host& host) {
    struct stat found {};
    if (fstat(STDIN_FILENO, &found) != 0 || S_ISREG(found.st_mode) || S_ISCHR(found.st_mode) ||
        S_ISBLK(found.st_mode)) {
        return std::nullopt;
    }
    const loop::Clock clock;
    warp::StandardInput input({[&] { return clock.now() - run_start; }, options.wall_timeout,
                               setup::memory_limit(options), host.signals->fd(),
                               [&] { return host.next_signal(); },
                               [](std::string_view text) { complain(text); }});
    if (const auto spooled = input.spool(copy); !spooled) {
        complain(spooled.error());
        return input.out_of_time() ? exit_timeout : exit_cannot;
    }
    if (const auto signal = input.interrupted()) {
        return exit_signal_base + *signal;
    }
    const FileDescriptor file(open(copy.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file || dup2(file.get(), STDIN_FILENO) < 0) {
        complain(fmt::format("Standard input cannot be read again from {}: {}.", copy,
                             std::strerror(errno)));
        return exit_cannot;
    }
    return std::nullopt;
}

}  // namespace

std::string suffix_of(const std::string& series) { return "-" + series; }

std::string with_suffix(const std::string& file, const std::string& suffix) {
    const std::filesystem::path path(file);
    return (path.parent_path() / (path.stem().string() + suffix + path.extension().string()))
        .string();
}

int compare_kernels(const std::vector<warp::Kernel>& kernels, const setup::RunOptions& options,
                    const warp::GuestSpec& spec, Host& host) {
    const auto folder = warp::RunDirectory::create_for_programs();
    if (!folder) {
        complain(folder.error());
        return exit_cannot;
    }
    if (const auto status = make_input_repeatable(options, folder->file("input").string(), host)) {
        return *status;
    }
    const off_t begin = lseek(STDIN_FILENO, 0, SEEK_CUR);
    std::vector<compare::Column> runs;
    int whole = exit_success;
    for (std::size_t i = 0; i < kernels.size(); ++i) {
        if (begin >= 0) {
            lseek(STDIN_FILENO, begin, SEEK_SET);
        }
        const std::string suffix = suffix_of(options.warp[i]);
        warp::GuestSpec one = spec;
        one.file_suffix = suffix;
        one.events_file = options.events_file ? with_suffix(*options.events_file, suffix)
                                              : folder->file(fmt::format("{}.jsonl", i)).string();
        if (!setup::is_quiet(options)) {
            print_message(fmt::format("-- Linux {}\n", kernels[i].release));
        }
        const int status = run_in_guest(options, kernels[i], one, host);
        // Where there is none, the run that was to write it has said why.
        runs.push_back(compare::read_record(one.events_file).value_or(compare::Column{}));
        runs.back().title = "Linux " + kernels[i].release;
        runs.back().facts.insert(runs.back().facts.begin(), {"status", std::to_string(status)});
        if (whole == exit_success) {
            whole = status;
        }
        constexpr int by_signal = exit_signal_base;
        if (status == exit_cannot || (status > by_signal && runs.back().segments.empty())) {
            return status;
        }
    }
    print_message("-- side by side\n" + compare::side_by_side(runs));
    return whole;
}

}  // namespace ghostpeer::guests
