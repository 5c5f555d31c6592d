// What peers are called in requests and answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::control {

/// A peer, for as long as it is there: another one may have its index and its name after it.
struct NamedPeer {
    std::size_t index = 0;     ///< among the engine's
    std::uint64_t coming = 0;  ///< the number of its coming; 0: it was there when the run began
};

/// Any thread may look; peers come and go in the engine's. What another thread has found may have
/// gone by its turn there, and is looked for again then (`has`).
class PeerNames {
  public:
    /// By index among the engine's peers; empty: a part of ghostpeer itself, which nobody sees, or
    /// one that has gone.
    explicit PeerNames(const std::vector<std::string>& names);

    void set(std::size_t peer, std::string name);
    void clear(std::size_t peer);

    /// By name, in upper or lower case and with the root's dot or not, else by number.
    [[nodiscard]] std::optional<NamedPeer> find(std::string_view name) const;
    /// Has a peer this name?
    [[nodiscard]] bool has_name(std::string_view name) const;
    /// Is it still the one that was found?
    [[nodiscard]] bool has(const NamedPeer& peer) const;
    /// The one that is there now; nothing where nobody sees it.
    [[nodiscard]] std::optional<NamedPeer> at(std::size_t peer) const;
    [[nodiscard]] std::string of(std::size_t peer) const;
    [[nodiscard]] bool visible(std::size_t peer) const;
    [[nodiscard]] std::size_t size() const;
    /// `There is no peer "x"; there are db and default.`
    [[nodiscard]] std::string unknown(std::string_view name) const;

  private:
    struct Entry {
        std::string name;
        std::string key;  ///< the name as it is compared
        std::uint64_t coming = 0;
    };

    mutable std::mutex mutex_;
    std::vector<Entry> entries_;
    std::uint64_t comings_ = 0;
};

}  // namespace ghostpeer::control
