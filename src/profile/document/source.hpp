// The text of one profile, and how it is found and read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ghostpeer::profile {

/// A place in a text; both count from 0, the column in bytes.
struct Mark {
    int line = 0;
    int column = 0;
};

/// Texts by what they are called, that are there in place of the disk's and the catalogue's.
using GivenTexts = std::map<std::string, std::string>;

/// A profile's text and what it is called.
class SourceText {
  public:
    SourceText(std::string name, std::string text, std::filesystem::path folder, bool in_catalogue);

    /// As the user named it.
    [[nodiscard]] const std::shared_ptr<const std::string>& name() const noexcept { return name_; }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    /// Where relative paths start.
    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
    [[nodiscard]] bool in_catalogue() const noexcept { return in_catalogue_; }
    /// The line without its end; empty where there is none.
    [[nodiscard]] std::string_view line(int index) const noexcept;
    /// What stands from the mark's line on as far as it is part of the block that begins there: the
    /// lines that are indented as far as the mark, a dozen at most, without that indentation.
    [[nodiscard]] std::string block(Mark mark) const;
    /// What stands from the mark on.
    [[nodiscard]] std::string_view from(Mark mark) const noexcept;

    /// Where the texts are that it names; null: on the disk and in the catalogue.
    std::shared_ptr<const GivenTexts> given;

    /// Position in the chain of `extends`, 0 for the profile that was asked for.
    std::size_t order = 0;

  private:
    std::shared_ptr<const std::string> name_;
    std::string text_;
    std::filesystem::path folder_;
    bool in_catalogue_ = false;
    std::vector<std::size_t> line_starts_;
};

/// Why something could not be read: the end of a sentence that begins with the file.
struct ReadError {
    std::string reason;
};

enum class FileKind : unsigned char {
    any,      ///< pipes too: the user asked for it, as with `<(…)` of a shell
    regular,  ///< nothing that could keep the loader waiting for ever
};

/// Reads at most `limit` bytes; a longer file is an error, as is a directory.
[[nodiscard]] std::variant<std::string, ReadError> read_file(const std::filesystem::path& path,
                                                             std::size_t limit, FileKind kind);

inline constexpr std::size_t max_profile_bytes = 1024 * 1024;

/// Does the word name a file rather than a profile of the catalogue?
[[nodiscard]] bool is_path(std::string_view name_or_path) noexcept;

/// The profiles of `a+b`, which stands for one that extends them both; empty: it is one name.
[[nodiscard]] std::vector<std::string> parts_of(const std::string& name_or_path);

struct NotFound {
    std::string message;
};

/// A profile by name or path; a relative path starts in `folder`, and `name_or_path` is as the
/// user (or the file that extends it) wrote it.
[[nodiscard]] std::variant<std::unique_ptr<SourceText>, NotFound> open_source(
    const std::string& name_or_path, const std::filesystem::path& folder, FileKind kind,
    const std::shared_ptr<const GivenTexts>& given = nullptr);

/// Why the text cannot be a profile at all (too long, not UTF-8, control characters); empty: it
/// can.
[[nodiscard]] std::string refuse_text(std::string_view text);

}  // namespace ghostpeer::profile
