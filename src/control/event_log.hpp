// The newest events, kept for readers in other threads.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
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
    /// Lets readers know of what `add` brought; without it they may learn of it late.
    void announce();
    /// Nothing is added any more; readers read what is there and end. Waits a little for them.
    void close();

    /// The id of the newest event; 0: there has been none.
    [[nodiscard]] std::uint64_t newest() const;

    /// What a reader gets with one read, in order.
    struct Part {
        std::uint64_t lost = 0;   ///< events before these that are not there any more
        std::uint64_t first = 0;  ///< id of the first line
        std::deque<std::string> lines;
        bool end = false;  ///< nothing comes after these
    };
    /// Events with larger ids than `after`, some dozen kilobytes of them; waits for one.
    [[nodiscard]] Part read(std::uint64_t after, std::chrono::milliseconds patience);

    /// Whoever reads until the end holds one of these.
    class Reader {
      public:
        explicit Reader(EventLog& log) : log_(log) { log_.come(); }
        Reader(const Reader&) = delete;
        Reader& operator=(const Reader&) = delete;
        ~Reader() { log_.go(); }

      private:
        EventLog& log_;
    };

  private:
    void come();
    void go();

    mutable std::mutex mutex_;
    std::condition_variable grown_;
    std::condition_variable left_;
    std::deque<std::string> lines_;
    std::uint64_t oldest_ = 1;  ///< id of the first of `lines_`
    std::size_t bytes_ = 0;
    std::size_t readers_ = 0;
    bool closed_ = false;
};

}  // namespace ghostpeer::control
