// Whether a kernel is what was built, and nobody else's.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace ghostpeer::warp {

/// Notes beside the kernel what it is now: its SHA-256, and what shows that it was not touched
/// since. False: it cannot be written.
bool seal_kernel(const std::filesystem::path& kernel);
/// Where that is noted.
[[nodiscard]] std::filesystem::path seal_of(const std::filesystem::path& kernel);

/// Why root must not run it, a complete sentence and what to do: it or a folder on the way there
/// belongs to another user or may be written to by others, or it is not what was built. Nothing
/// where it may, and for everybody but root, whose own affair it is.
[[nodiscard]] std::optional<std::string> distrust_kernel(const std::filesystem::path& kernel);

/// SHA-256 (FIPS 180-4) of a file in hexadecimal digits; empty: it cannot be read.
[[nodiscard]] std::string sha256_of(const std::filesystem::path& file);

}  // namespace ghostpeer::warp
