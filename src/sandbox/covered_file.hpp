// Private contents over a file of the system, for the calling process's mount namespace alone.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace ghostpeer::sandbox {

/// Which step failed, and its errno.
struct CoverFailure {
    enum class Step : unsigned char {
        mount_temporary,  ///< a temporary file system for the new contents
        put_in_place,
    };
    Step step = Step::mount_temporary;
    int error = 0;
};

/// What stands over the files lies in a temporary file system, which hides a folder of the system
/// until `show_folder`: to detach it takes its time.
class CoveredFiles {
  public:
    CoveredFiles() = default;
    CoveredFiles(CoveredFiles&& other) noexcept
        : folder_(std::exchange(other.folder_, {})), count_(other.count_) {}
    CoveredFiles& operator=(CoveredFiles&&) = delete;
    CoveredFiles(const CoveredFiles&) = delete;
    CoveredFiles& operator=(const CoveredFiles&) = delete;
    ~CoveredFiles() { static_cast<void>(show_folder()); }

    /// Puts a file with this text over `path`, which must exist; a link is covered, and what it
    /// leads to. Nothing is written to a disk, and who replaces or removes the file is refused
    /// (EBUSY).
    [[nodiscard]] tl::expected<void, CoverFailure> cover(const std::string& path,
                                                         std::string_view text);
    /// Call it before COMMAND begins. False: the folder is still hidden.
    [[nodiscard]] bool show_folder();

  private:
    std::string folder_;  ///< empty: none is hidden
    int count_ = 0;       ///< of covers
};

}  // namespace ghostpeer::sandbox
