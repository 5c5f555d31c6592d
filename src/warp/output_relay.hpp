// Brings what the guest has written into a file to where it belongs.
#pragma once

#include "posix/file_descriptor.hpp"

#include <cstdint>
#include <vector>

namespace ghostpeer::warp {

class OutputRelay {
  public:
    /// Follows `file`, opened for reading and writing, and writes to `target`, which stays the
    /// caller's.
    OutputRelay(FileDescriptor file, int target);

    /// Carries over what there is, as far as the target takes it without waiting; a file or a
    /// terminal takes all.
    void pump();
    /// Bytes that wait for the target.
    [[nodiscard]] std::uint64_t backlog() const;
    /// The reader at the other end has gone; what still comes is dropped.
    [[nodiscard]] bool broken() const { return broken_; }
    [[nodiscard]] int target() const { return target_; }

  private:
    [[nodiscard]] bool write_some(const char* bytes, std::size_t size);
    void forget_written();

    FileDescriptor file_;
    int target_;
    bool may_block_ = false;  ///< a pipe or a socket: only small writes are sure not to wait
    bool broken_ = false;
    std::uint64_t done_ = 0;
    std::uint64_t forgotten_ = 0;
    std::vector<char> buffer_;
};

}  // namespace ghostpeer::warp
