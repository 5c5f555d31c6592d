// The folder through which a run and its guest speak: specification, standard input and outputs,
// kernel log.
#pragma once

#include "posix/file_descriptor.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace ghostpeer::warp {

class RunDirectory {
  public:
    /// A new one, mode 0700, in /dev/shm, else in /tmp; what runs of this user left there that
    /// were killed is removed. The error is a complete sentence.
    [[nodiscard]] static tl::expected<RunDirectory, std::string> create();

    RunDirectory(RunDirectory&& other) noexcept = default;
    RunDirectory& operator=(RunDirectory&& other) noexcept = delete;
    RunDirectory(const RunDirectory&) = delete;
    /// Removes the folder and all in it.
    ~RunDirectory();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::filesystem::path file(std::string_view name) const { return path_ / name; }
    /// The file's text; not set where there is no such file.
    [[nodiscard]] std::optional<std::string> read(std::string_view name) const;
    [[nodiscard]] tl::expected<void, std::string> write(std::string_view name,
                                                        std::string_view text) const;

  private:
    RunDirectory() = default;

    std::filesystem::path path_;
    FileDescriptor lock_;  ///< held as long as the run lives, whatever ends it
};

/// Removes the folders of dead runs of this user below `parent`.
void remove_stale(const std::filesystem::path& parent);

}  // namespace ghostpeer::warp
