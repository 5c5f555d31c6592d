// Collects what is wrong with a profile.
#pragma once

#include "ghostpeer/profile/diagnostic.hpp"
#include "profile/document/yaml_node.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::profile {

/// A text in back-quotes as messages show it: cut after 60 characters, no control characters.
[[nodiscard]] std::string in_quotes(std::string_view text);

class Errors {
  public:
    void add(const SourceText& source, Mark mark, std::string message);
    /// Nothing is added for a broken node.
    void add(const YamlNode& at, std::string message);
    /// Without a place.
    void add(std::string file, std::string message);
    /// What was found in another profile that this one names.
    void absorb(std::vector<Diagnostic> diagnostics);

    [[nodiscard]] bool empty() const noexcept { return found_.empty(); }
    /// All of them in the order of the files and lines, each once.
    [[nodiscard]] std::vector<Diagnostic> take();

  private:
    struct Found {
        std::size_t order = 0;
        Mark mark;
        Diagnostic diagnostic;
    };
    void add(Found found);

    std::vector<Found> found_;
    std::size_t left_out_ = 0;
};

}  // namespace ghostpeer::profile
