// Where outputs are opened: without waiting for anybody, and as root without being led astray.
#pragma once

#include "posix/file_descriptor.hpp"

#include <string>

#include <tl/expected.hpp>

namespace ghostpeer::show {

/// Creates or empties the file for writing (close-on-exec, and non-blocking where that means
/// anything). A pipe whose reader has not come yet is waited for, a second at most.
///
/// For root the path is walked step by step: links are followed that belong to root or to who
/// called sudo (SUDO_UID), so that these may use links of their own, and no others. In a folder
/// that somebody else may write to, a file with a second name is refused: the other one may be
/// anywhere. The error is the end of a sentence, and what to do.
[[nodiscard]] tl::expected<FileDescriptor, std::string> open_output(const std::string& path);

/// A link on the way belongs to somebody whom root does not follow.
inline constexpr int foreign_link = -1;

/// The folder (O_PATH), found as above. The error is an errno, or `foreign_link`.
[[nodiscard]] tl::expected<FileDescriptor, int> open_folder(const std::string& path);

}  // namespace ghostpeer::show
