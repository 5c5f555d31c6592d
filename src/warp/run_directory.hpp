// The folder of a guest, and those in it through which it and the host speak of each run.
#pragma once

#include "posix/file_descriptor.hpp"

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace ghostpeer::warp {

class RunDirectory {
  public:
    /// A new one, mode 0700, in /dev/shm, else in /tmp; what runs of this user left there that
    /// were killed is removed. The error is a complete sentence.
    [[nodiscard]] static tl::expected<RunDirectory, std::string> create();

    /// The same in /tmp alone, for files that the guest opens by their names: its /dev/shm is its
    /// own.
    [[nodiscard]] static tl::expected<RunDirectory, std::string> create_for_programs();

    /// One inside it.
    [[nodiscard]] tl::expected<RunDirectory, std::string> create_inside(
        const std::string& name) const;

    RunDirectory(RunDirectory&& other) noexcept
        : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}
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
    [[nodiscard]] static tl::expected<RunDirectory, std::string> create_in(
        std::initializer_list<const char*> parents);

    std::filesystem::path path_;
    FileDescriptor lock_;  ///< held as long as it is in use, whatever ends it; not inside another
};

/// Removes the folders of dead runs of this user below `parent`.
void remove_stale(const std::filesystem::path& parent);

}  // namespace ghostpeer::warp
