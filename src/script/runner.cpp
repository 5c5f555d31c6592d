#include "script/runner.hpp"

#include "script/digest.hpp"
#include "script/phrase.hpp"
#include "wire/overloaded.hpp"

#include <algorithm>

namespace ghostpeer::script {
namespace {

// Who loops without waiting for anything gets so far, and goes on a moment later.
constexpr std::uint32_t most_steps_at_once = 10'000;
constexpr Duration moment = std::chrono::milliseconds(1);
// More of them than anybody reads.
constexpr std::size_t most_surprises = 16;
// Of what was found or taken, for what is said later.
constexpr std::size_t longest_capture = 64 * 1024;

}  // namespace

Runner::Runner(profile::Script script, bool marks)
    : steps_(std::move(script.steps)), marks_(marks) {
    levels_.push_back({steps_.get(), 0, false, {}});
}

Runner::Pause Runner::go(Instant now) {
    if (instant_ != now) {
        instant_ = now;
        steps_at_instant_ = 0;
    }
    std::optional<Pause> pause;
    while (!pause) {
        if (levels_.empty()) {
            pause = Pause::over;
            input_ = {};
            begin_ = 0;
            break;
        }
        if (++steps_at_instant_ > most_steps_at_once) {
            due_ = now + moment;
            pause = Pause::too_much;
            break;
        }
        Level& level = levels_.back();
        if (level.at < level.steps->size()) {
            pause = step((*level.steps)[level.at], now);
        } else if (level.loop && (!level.left || --*level.left > 0)) {
            level.at = 0;
        } else {
            levels_.pop_back();
        }
    }
    why_ = *pause;
    if (why_ != Pause::input && why_ != Pause::too_much) {
        end_request();
    }
    return why_;
}

std::optional<Runner::Pause> Runner::step(const profile::Step& step, Instant now) {
    Level& level = levels_.back();
    return std::visit(Overloaded{
                          [&](const profile::SayStep& what) -> std::optional<Pause> {
                              ++level.at;
                              begin_say(what);
                              return said_.content && said_.content->empty()
                                         ? std::nullopt
                                         : std::optional(Pause::saying);
                          },
                          [&](const profile::AwaitStep& what) -> std::optional<Pause> {
                              return await(step, what) ? std::nullopt : std::optional(Pause::input);
                          },
                          [&](const profile::PauseStep& what) -> std::optional<Pause> {
                              if (!pausing_) {
                                  pausing_ = true;
                                  due_ = now + what.length;
                              }
                              if (now < due_) {
                                  return Pause::time;
                              }
                              pausing_ = false;
                              ++level.at;
                              return std::nullopt;
                          },
                          [&](profile::EndStep what) -> std::optional<Pause> {
                              ++level.at;
                              end_ = what;
                              if (what != profile::EndStep::shutdown) {
                                  stop();
                              }
                              return Pause::end;
                          },
                          [&](const profile::LoopStep& what) -> std::optional<Pause> {
                              ++level.at;
                              levels_.push_back({&what.steps, 0, true, what.times});
                              return std::nullopt;
                          },
                          [&](const profile::BreakStep&) -> std::optional<Pause> {
                              leave_loop();
                              return std::nullopt;
                          },
                      },
                      step.what);
}

void Runner::stop() noexcept { levels_.clear(); }

void Runner::leave_loop() {
    while (!levels_.empty() && !levels_.back().loop) {
        levels_.pop_back();
    }
    if (!levels_.empty()) {
        levels_.pop_back();
    }
}

void Runner::begin_say(const profile::SayStep& what) {
    said_ = what.what;
    filled_in_ = what.phrase.has_value();
    if (what.phrase) {
        said_.content = std::make_shared<const wire::Bytes>(fill_in(*what.phrase, captures_));
    }
    if (!spoken_) {
        spoken_ = true;
        ++responses_;
    }
}

bool Runner::await(const profile::Step& step, const profile::AwaitStep& what) {
    const auto found = look(what);
    if (!found) {
        return false;
    }
    // What was taken before is no news, and does not change while the step waits.
    const bool again = std::holds_alternative<profile::TakenUnit>(what.unit);
    if (again) {
        if (found->match) {
            keep_groups(*found->match);
        }
        ++levels_.back().at;
    } else {
        take(*found);
    }
    if (!found->surprise.empty()) {
        if (what.has_otherwise) {
            // The step itself comes again behind them.
            levels_.push_back({&what.otherwise, 0, false, {}});
        } else {
            be_surprised(step, found->surprise + "; `else` says what is to be done with it");
        }
        return true;
    }
    if (!again) {
        if (spoken_) {
            spoken_ = false;
            ++requests_;
        }
        ++levels_.back().at;
    }
    if (found->that != nullptr && !found->that->steps.empty()) {
        levels_.push_back({&found->that->steps, 0, false, {}});
    }
    return true;
}

void Runner::keep_groups(const profile::Pattern::Match& match) {
    // A pattern without groups leaves those of an earlier one.
    for (std::size_t i = 0; i < match.groups.size() && i + 1 < captures_.size(); ++i) {
        captures_[i + 1].assign(match.groups[i], 0, longest_capture);
    }
}

void Runner::take(const Found& found) {
    if (found.match) {
        captures_[0] = text().substr(
            found.match->begin, std::min(found.match->end - found.match->begin, longest_capture));
        keep_groups(*found.match);
    } else if (found.surprise.empty()) {
        captures_[0] = text().substr(0, std::min(found.taken, longest_capture));
    }
    const std::size_t taken = std::min(found.taken, input_.size() - begin_);
    mark(std::span(input_).subspan(begin_, taken));
    begin_ += taken;
    looked_ = 0;
    cut_ = false;
    if (begin_ == input_.size()) {
        input_.clear();
        begin_ = 0;
    }
}

std::string_view Runner::text() const noexcept {
    return std::string_view(reinterpret_cast<const char*>(input_.data()), input_.size())
        .substr(begin_);
}

std::size_t Runner::appetite() const noexcept {
    if (over()) {
        return SIZE_MAX;
    }
    const std::size_t waiting = input_.size() - begin_;
    return why_ == Pause::input && waiting < profile::most_awaited
               ? static_cast<std::size_t>(profile::most_awaited) - waiting
               : 0;
}

void Runner::hear(std::span<const std::uint8_t> bytes) {
    if (over()) {
        return;
    }
    const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
    skip_ -= skipped;
    mark(bytes.first(skipped));
    bytes = bytes.subspan(skipped);
    if (begin_ > input_.size() / 2) {
        input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(begin_));
        begin_ = 0;
    }
    input_.insert(input_.end(), bytes.begin(), bytes.end());
}

void Runner::mark(std::span<const std::uint8_t> bytes) {
    if (marks_ && !bytes.empty()) {
        mark_ = mix(mark_ == 0 ? no_bytes : mark_, bytes);
    }
}

void Runner::end_request() {
    constexpr std::size_t most_whole = 1024;
    if (mark_ != 0 && whole_.size() < most_whole) {
        whole_.push_back(mark_);
    }
    mark_ = 0;
}

void Runner::be_surprised(const profile::Step& step, std::string text) {
    if (surprises_.size() < most_surprises) {
        surprises_.push_back({&step, std::move(text)});
    }
}

}  // namespace ghostpeer::script
