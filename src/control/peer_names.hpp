// What peers are called in requests and answers.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::control {

/// Any thread may look; peers come and go in the engine's.
class PeerNames {
  public:
    /// By index among the engine's peers; empty: a part of ghostpeer itself, which nobody sees, or
    /// one that has gone.
    explicit PeerNames(std::vector<std::string> names)
        : names_(std::move(names)), first_(names_.size()) {}

    void set(std::size_t peer, std::string name);
    void clear(std::size_t peer) { set(peer, {}); }
    /// Was it there when the run began?
    [[nodiscard]] bool is_first(std::size_t peer) const noexcept { return peer < first_; }

    /// By name, else by number.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
    [[nodiscard]] std::string of(std::size_t peer) const;
    [[nodiscard]] bool visible(std::size_t peer) const;
    [[nodiscard]] std::size_t size() const;
    /// `There is no peer "x"; there are db and default.`
    [[nodiscard]] std::string unknown(std::string_view name) const;

  private:
    mutable std::mutex mutex_;
    std::vector<std::string> names_;
    std::size_t first_;
};

}  // namespace ghostpeer::control
