#include "guests/compare.hpp"

#include "event/exit_status.hpp"
#include "event/record_file.hpp"
#include "ghostpeer/event/verdict.hpp"
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
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>
#include <variant>

namespace ghostpeer::guests {
namespace {

constexpr int column = 38;
constexpr std::size_t most_lines = 200;

[[nodiscard]] std::string segment_text(const event::Segment& segment) {
    const bool in = segment.direction == event::Direction::in;
    const bool withheld =
        segment.fate == event::Fate::dropped || segment.fate == event::Fate::undelivered;
    std::string text = in ? ">" : "<";
    text += withheld ? "x " : "  ";
    if (segment.kind) {
        text += tcp::name(*segment.kind);
    } else if (segment.reason) {
        text += tcp::name(*segment.reason);
    }
    if (const auto length = segment.segment.payload.size(); length > 0) {
        text += fmt::format(" {} bytes", length);
    }
    if (segment.retransmission) {
        text += " (again)";
    }
    return text;
}

[[nodiscard]] bool same(const RunRecord::Segment& a, const RunRecord::Segment& b) {
    constexpr double least = 0.020;
    constexpr double share = 0.02;
    return a.what == b.what && std::abs(a.at - b.at) <= std::max(least, share * a.at);
}

template <typename Text>
[[nodiscard]] std::string line(std::string_view name, const std::vector<RunRecord>& runs,
                               Text text) {
    std::string whole = fmt::format("  {:<12}", name);
    for (const RunRecord& run : runs) {
        whole += fmt::format("{:<{}}", text(run), column);
    }
    whole.erase(whole.find_last_not_of(' ') + 1);
    return whole + "\n";
}

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

void RunRecord::add(const event::Event& event) {
    using Verdict = std::shared_ptr<const event::Verdict>;
    if (const auto* segment = std::get_if<event::Segment>(&event.what)) {
        if (segment->fate != event::Fate::delayed) {
            segments.push_back({to_seconds(event.at), segment_text(*segment)});
        }
    } else if (const auto* told = std::get_if<Verdict>(&event.what)) {
        duration = to_seconds((*told)->length);
        verdict = (*told)->headline.substr(0, (*told)->headline.find_first_of(",;:"));
    }
}

RunRecord read_record(const std::string& path) {
    RunRecord record;
    auto file = event::RecordFile::open(path);
    if (!file) {
        return record;  // the run that was to write it has said why there is none
    }
    event::Event event;
    while (const auto line = file->next(event)) {
        if (*line == event::Line::event) {
            record.add(event);
        }
    }
    return record;
}

std::string side_by_side(const std::vector<RunRecord>& runs) {
    std::string text = line("", runs, [](const RunRecord& run) { return run.kernel; });
    text += line("status", runs, [](const RunRecord& run) { return std::to_string(run.status); });
    text += line("verdict", runs, [](const RunRecord& run) { return run.verdict; });
    text += line("time", runs,
                 [](const RunRecord& run) { return fmt::format("{:.3f} s", run.duration); });
    text += line("segments", runs,
                 [](const RunRecord& run) { return std::to_string(run.segments.size()); });
    std::size_t longest = 0;
    for (const RunRecord& run : runs) {
        longest = std::max(longest, run.segments.size());
    }
    for (std::size_t i = 0; i < std::min(longest, most_lines); ++i) {
        bool all_same = true;
        for (const RunRecord& run : runs) {
            all_same = all_same && i < run.segments.size() && i < runs.front().segments.size() &&
                       same(runs.front().segments[i], run.segments[i]);
        }
        text += line(all_same ? "" : "*", runs, [&](const RunRecord& run) {
            return i < run.segments.size()
                       ? fmt::format("{:>11.6f}  {}", run.segments[i].at, run.segments[i].what)
                       : std::string();
        });
    }
    if (longest > most_lines) {
        text += fmt::format("  {} more\n", longest - most_lines);
    }
    return text;
}

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
    std::vector<RunRecord> runs;
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
        runs.push_back(read_record(one.events_file));
        runs.back().kernel = "Linux " + kernels[i].release;
        runs.back().status = status;
        if (whole == exit_success) {
            whole = status;
        }
        constexpr int by_signal = exit_signal_base;
        if (status == exit_cannot || (status > by_signal && runs.back().segments.empty())) {
            return status;
        }
    }
    print_message("-- side by side\n" + side_by_side(runs));
    return whole;
}

}  // namespace ghostpeer::guests
