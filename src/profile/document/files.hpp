// Files that a profile names (`say: {file: …}`), each read once.
#pragma once

#include "ghostpeer/wire/segment.hpp"
#include "profile/document/errors.hpp"

#include <map>
#include <memory>
#include <string>

namespace ghostpeer::profile {

using Content = std::shared_ptr<const wire::Bytes>;

/// The bytes of a text.
[[nodiscard]] Content content_of(std::string_view text);

struct FileCache {
    std::map<std::string, Content> files;
    std::size_t bytes = 0;
};

/// The content of the regular file that the entry names, from the profile's folder on; at most
/// 16 MiB, and 64 MiB in one profile. Null after an error, which is reported.
[[nodiscard]] Content read_content(const Entry& entry, FileCache& cache, Errors& errors);

}  // namespace ghostpeer::profile
