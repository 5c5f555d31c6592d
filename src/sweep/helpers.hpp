// Processes that do a sweep's runs one after another, so that what a run needs is made once: each
// is this program, forked, and has something of its own between its runs (a guest).
#pragma once

#include "posix/file_descriptor.hpp"
#include "sweep/step.hpp"

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace ghostpeer::sweep {

/// A helper's end: the next step; not set: there will be none any more.
[[nodiscard]] std::optional<Step> receive_step(int channel);
/// How it ended. False: nobody wants to know.
[[nodiscard]] bool answer(int channel, int status);

class Helpers {
  public:
    /// What a helper does; it comes back when no more steps come.
    using Serve = std::function<void(int channel)>;
    explicit Helpers(Serve serve) : serve_(std::move(serve)) {}
    Helpers(const Helpers&) = delete;
    Helpers& operator=(const Helpers&) = delete;
    /// All of them end.
    ~Helpers() { end(); }

    /// Gives the helper of `place` a step; it is made where there is none. `processor`: it and what
    /// it starts stay there. False, and errno: it cannot be.
    [[nodiscard]] bool begin(std::size_t place, const Step& step,
                             std::optional<std::size_t> processor);
    /// Readable once the step has ended.
    [[nodiscard]] int fd(std::size_t place) const;
    /// The step's exit status, once it has ended.
    [[nodiscard]] std::optional<int> poll_end(std::size_t place);
    /// It does no other step after this one.
    void signal(std::size_t place, int number);
    /// Those at work are told to end; a helper that does not is killed.
    void end();

  private:
    struct Helper {
        pid_t pid = -1;
        FileDescriptor channel;
        bool was_signalled = false;
    };
    [[nodiscard]] bool start(std::size_t place, std::optional<std::size_t> processor);
    [[nodiscard]] int serve(int channel) const noexcept;

    Serve serve_;
    std::map<std::size_t, Helper> helpers_;
    std::vector<pid_t> leaving_;  ///< they are given no step any more, and are not gone yet
};

}  // namespace ghostpeer::sweep
