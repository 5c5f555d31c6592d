// The processes of a sweep: several at a time, each in a process group of its own, all of them gone
// when the sweep is.
#pragma once

#include "sweep/helpers.hpp"
#include "sweep/step.hpp"

#include <sys/types.h>
#include <csignal>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::sweep {

/// Programs to be run one after the other; one that fails ends it, unless it is the run.
struct Job {
    std::size_t number = 0;
    std::vector<Step> steps;
};

struct JobEnd {
    std::size_t number = 0;
    std::optional<int> run_status;  ///< 128 + N: by signal N; not set: it was not come to
    std::string problem;  ///< a complete sentence: another step, or too much output; empty: none
};

struct Crew {
    std::size_t hands = 1;       ///< jobs at a time
    bool apart = false;          ///< each on a processor of its own, as far as there are enough
    Helpers* helpers = nullptr;  ///< those that do the runs; not set: each is started as a program
    sigset_t ignored{};          ///< signals that the programs are to ignore
    int interrupt_fd = -1;       ///< readable: no more jobs, and those at work are ended
    std::function<bool()> interrupted;         ///< asked when it is readable
    std::function<std::optional<Job>()> next;  ///< the next job; not set: there is none
    /// False: nothing more is begun.
    std::function<bool(const JobEnd&)> ended;
    /// At each turn: a job has ended or a step of one, a signal has come, or half a second is over.
    std::function<void()> tick;
};

/// Comes back when all have ended. False: it was interrupted.
[[nodiscard]] bool work(const Crew& crew);

}  // namespace ghostpeer::sweep
