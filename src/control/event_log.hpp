// The newest events, kept for readers in other threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace ghostpeer::control {

/// Bounded: the oldest go first, and readers that had not come to them are told.
class EventLog {
  public:
    static constexpr std::size_t most_events = 65'536;
    static constexpr std::size_t most_bytes = 16 * 1024 * 1024;

    /// From the engine's thread: one JSON object, with or without its line end. Never waits for a
    /// reader. Its id is one more than that of the event before.
    void add(std::string_view line);
    /// Lets readers know of what `add` brought.
    void announce();
    /// Nothing is added any more; readers read what is there and end.
    void close();
    /// How readers are let know, from the engine's thread. Set before the first of them comes.
    void tell_with(std::function<void()> tell) { tell_ = std::move(tell); }

    /// The id of the newest event; 0: there has been none.
    [[nodiscard]] std::uint64_t newest() const;

    /// What a reader gets with one read, in order.
    struct Part {
        std::uint64_t lost = 0;   ///< events before these that are not there any more
        std::uint64_t first = 0;  ///< id of the first line
        std::deque<std::string> lines;
        bool end = false;  ///< nothing comes after these
    };
    /// Events with larger ids than `after`, some dozen kilobytes of them, if there are any.
    [[nodiscard]] Part read(std::uint64_t after);

  private:
    mutable std::mutex mutex_;
    std::function<void()> tell_;
    std::atomic<bool> somebody_waits_ = false;  ///< has read all that there was
    std::deque<std::string> lines_;
    std::uint64_t oldest_ = 1;  ///< id of the first of `lines_`
    std::size_t bytes_ = 0;
    bool closed_ = false;
};

}  // namespace ghostpeer::control
