// The process that is the guest: one User-Mode Linux kernel.
#pragma once

#include "ghostpeer/wire/time.hpp"
#include "posix/file_descriptor.hpp"
#include "warp/kernel_store.hpp"
#include "warp/run_directory.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include <tl/expected.hpp>

namespace ghostpeer::warp {

class Machine {
  public:
    /// Boots it. It dies with the calling thread. `free_work`: real time that it may work at a
    /// stretch before its clock goes on. The error is a complete sentence.
    [[nodiscard]] static tl::expected<Machine, std::string> boot(const Kernel& kernel,
                                                                 const RunDirectory& folder,
                                                                 Duration free_work);
    Machine(Machine&& other) noexcept;
    Machine& operator=(Machine&&) = delete;
    Machine(const Machine&) = delete;
    /// Kills it, and with it everything in the guest.
    ~Machine();

    /// Readable once it has ended.
    [[nodiscard]] int end_fd() const { return pidfd_.get(); }
    /// The wait status, once it has ended.
    [[nodiscard]] std::optional<int> poll_end();
    /// One line to the guest's init; lost if the guest does not read any more.
    void order(char what, int number) const;
    void kill();
    /// Bytes of memory that the guest has taken of the host, its programs' among them.
    [[nodiscard]] std::uint64_t memory_taken() const;
    /// Stands still until `resume`, with all its processes.
    void pause();
    void resume();

  private:
    Machine() = default;

    pid_t pid_ = -1;
    FileDescriptor pidfd_;
    FileDescriptor orders_;
    std::optional<int> end_;
    bool paused_ = false;
};

}  // namespace ghostpeer::warp
