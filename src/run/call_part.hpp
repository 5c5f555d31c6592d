// What strace writes of COMMAND's system calls, on its way to the sinks.
#pragma once

#include "loop/clock.hpp"
#include "loop/part.hpp"
#include "loop/sinks.hpp"
#include "loop/timer.hpp"
#include "posix/file_descriptor.hpp"
#include "sandbox/sandbox.hpp"
#include "show/call_connections.hpp"
#include "syscalls/pace.hpp"
#include "syscalls/parser.hpp"
#include "syscalls/selection.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::run {

class CallPart final : public loop::Part {
  public:
    /// Call it before the sandbox is made: looks for strace and tries it. `set` is the option's
    /// value. The error is a complete sentence.
    [[nodiscard]] static tl::expected<std::unique_ptr<CallPart>, std::string> open(
        const std::string& set);

    [[nodiscard]] sandbox::Tracer tracer() const;
    /// Before `launched`. Both outlive this.
    void tell(const loop::Clock& clock, loop::Sinks& sinks);
    /// strace has the other end now.
    void launched() noexcept { writer_.reset(); }

    [[nodiscard]] int fd() const noexcept override { return epoll_.get(); }
    bool attend(Instant now) override;
    [[nodiscard]] bool follows_packets() const noexcept override { return true; }
    void packets_came(Instant now) override;
    void conclude(Instant /*now*/) override { ending_ = true; }

    /// COMMAND and all that it started are gone: the rest, and what had not returned by `end`.
    void finish(Instant end);

  private:
    explicit CallPart(const std::string& set) : selection_(set) {}
    /// False: there was nothing to read.
    bool read_lines();
    /// How many bytes; `buffer_size` if there may be more.
    std::size_t read_on();
    /// Until then strace wakes nobody; nothing: its next line is waited for.
    void rest(std::optional<Instant> until);
    /// Nothing happened after `latest`.
    void tell_all(Instant latest);
    /// Has COMMAND begun? What comes before is ghostpeer's own start of it.
    [[nodiscard]] bool is_commands(const syscalls::Call& call);
    void tell_one(syscalls::Call& call, Instant latest, Duration epoch);

    syscalls::Selection selection_;
    std::vector<std::string> command_;
    FileDescriptor epoll_;
    FileDescriptor reader_;
    FileDescriptor writer_;
    std::optional<loop::Timer> timer_;
    syscalls::Pace pace_;
    bool resting_ = false;
    const loop::Clock* clock_ = nullptr;
    loop::Sinks* sinks_ = nullptr;
    show::CallConnections* connections_ = nullptr;  ///< one of the sinks
    syscalls::Parser parser_;
    std::vector<syscalls::Call> calls_;
    std::vector<char> buffer_;
    int executed_ = 0;  ///< programs, until COMMAND is one
    bool told_unreadable_ = false;
    bool ending_ = false;  ///< strace may, too
};

}  // namespace ghostpeer::run
