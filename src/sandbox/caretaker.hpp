// A process that removes a file when this one has ended.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "posix/file_descriptor.hpp"
#include "sandbox/error.hpp"

namespace ghostpeer::sandbox {

/// Whoever gives up its privileges cannot remove what lies in a folder of somebody else's. This
/// keeps one privilege, in another process that can do nothing else: it waits for the end of this
/// one, however that comes, removes the name if it is still the same file's, and ends.
class Caretaker {
  public:
    /// Call it before privileges are given up, while the process has one thread.
    [[nodiscard]] static tl::expected<Caretaker, Error> start(int folder, const std::string& name);

    Caretaker(Caretaker&&) noexcept = default;
    Caretaker& operator=(Caretaker&&) = delete;
    Caretaker(const Caretaker&) = delete;
    Caretaker& operator=(const Caretaker&) = delete;
    /// The file is gone then.
    ~Caretaker();

  private:
    explicit Caretaker(FileDescriptor line) : line_(std::move(line)) {}

    FileDescriptor line_;
};

}  // namespace ghostpeer::sandbox
