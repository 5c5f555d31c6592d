// What peers are called in requests and answers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::control {

class PeerNames {
  public:
    /// By index among the engine's PeerSpecs; empty: a part of ghostpeer itself, which nobody sees.
    explicit PeerNames(std::vector<std::string> names) : names_(std::move(names)) {}

    /// By name, else by number.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
    [[nodiscard]] const std::string& of(std::size_t peer) const { return names_[peer]; }
    [[nodiscard]] bool visible(std::size_t peer) const noexcept {
        return peer < names_.size() && !names_[peer].empty();
    }
    [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }
    /// `There is no peer "x"; there are db and default.`
    [[nodiscard]] std::string unknown(std::string_view name) const;

  private:
    std::vector<std::string> names_;
};

}  // namespace ghostpeer::control
