// Short ways to load a profile from a text, and to say what is wrong with one.
#pragma once

#include "ghostpeer/profile/loader.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace ghostpeer::testing {

/// The profile of a text that must be right; `summary` is put in front.
inline profile::Profile loaded(const std::string& text, const profile::Parameters& set = {}) {
    const auto result = profile::load_text("summary: test\n" + text, "p.yaml", set);
    REQUIRE_MESSAGE(result.profile, profile::to_string(result.errors));
    return *result.profile;
}

/// The one rule of such a profile.
inline profile::Rule loaded_rule(const std::string& rule) {
    auto rules = loaded("rules:\n- " + rule + "\n").rules;
    REQUIRE(rules.size() == 1);
    return rules.front();
}

/// Everything that is wrong with a text, as the user sees it.
inline std::string errors_of(const std::string& text, const profile::Parameters& set = {}) {
    const auto result = profile::load_text(text, "p.yaml", set);
    CHECK((result.profile == nullptr) == !result.errors.empty());
    return profile::to_string(result.errors);
}

/// The places and messages alone, a line each: `4:9 there is no …`.
inline std::string messages_of(const std::string& text, const profile::Parameters& set = {}) {
    std::string result;
    for (const auto& error : profile::load_text(text, "p.yaml", set).errors) {
        result += std::to_string(error.line) + ":" + std::to_string(error.column) + " " +
                  error.message + "\n";
    }
    return result;
}

/// The same for the text below a `summary`, whose line is not counted.
inline std::string problems(const std::string& text) {
    std::string result;
    for (const auto& error : profile::load_text("summary: test\n" + text, "p.yaml").errors) {
        result += std::to_string(error.line - 1) + ":" + std::to_string(error.column) + " " +
                  error.message + "\n";
    }
    return result;
}

/// The messages about one rule.
inline std::string rule_problems(const std::string& rule) {
    std::string result;
    const auto text = "summary: test\nrules:\n- " + rule + "\n";
    for (const auto& error : profile::load_text(text, "p.yaml").errors) {
        result += error.message + "\n";
    }
    return result;
}

/// A folder of files that goes when the test ends.
class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "ghostpeer-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string write(const std::string& name, const std::string& text) const {
        const auto path = path_ / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
        return path.string();
    }
    [[nodiscard]] std::string path(const std::string& name) const {
        return (path_ / name).string();
    }

  private:
    std::filesystem::path path_;
};

}  // namespace ghostpeer::testing
