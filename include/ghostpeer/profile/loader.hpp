// YAML -> Profile. The implementation is the only place that sees yaml-cpp.
#pragma once

#include "ghostpeer/profile/diagnostic.hpp"
#include "ghostpeer/profile/profile.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::profile {

using Parameters = std::map<std::string, std::string>;

/// Either a profile, or every error that was found.
struct LoadResult {
    std::shared_ptr<const Profile> profile;  ///< null where there are errors
    std::vector<Diagnostic> errors;
};

/// May a file be something that has to be waited for, such as the pipe of a shell's `<(…)`?
enum class Waiting : unsigned char {
    allowed,
    never,  ///< the run is under way: regular files alone
};

/// `name_or_path` is a path where it contains a `/` or ends in `.yaml` or `.yml`, else a name of
/// the catalogue. `parameters` are the `--set` values; one that the profile does not declare is an
/// error.
[[nodiscard]] LoadResult load(const std::string& name_or_path, const Parameters& parameters = {},
                              Waiting waiting = Waiting::allowed);

/// The same from a text; `file` is what diagnostics and rules call it, and relative paths inside
/// it (`extends`, `file:`) start from its folder.
[[nodiscard]] LoadResult load_text(std::string_view text, const std::string& file,
                                   const Parameters& parameters = {});

/// The same from the files of a profile that was loaded before (`Profile::files`), without a look
/// at the disk: what `file:` names is empty then.
[[nodiscard]] LoadResult load_again(const std::vector<SourceFile>& files,
                                    const Parameters& parameters = {});

/// The profile's text as written, for `show`; nothing where there is no such profile.
[[nodiscard]] std::optional<std::string> read_source(const std::string& name_or_path);

/// `10us`, `250ms`, `1.5s`, `2m`, `1h`, up to 10000h; nothing for any other text. Also used by the
/// command line.
[[nodiscard]] std::optional<Duration> parse_time(std::string_view text);
/// A time as the language spells it: `250ms`, `90s`, `2h`; exact to a tenth of a microsecond.
[[nodiscard]] std::string format_time(Duration time);
/// `1000`, `512B`, `4KiB`, `1.5MB`, a whole number of bytes up to 2^60; nothing for any other text.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace ghostpeer::profile
