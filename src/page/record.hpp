// What a page is made of: the events of a run, kept in a compact form.
#pragma once

#include "ghostpeer/event/event.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ghostpeer::page {

/// How much of a record is kept. What is beyond is left out and counted.
struct Bounds {
    std::size_t segments = 200'000;        ///< that the page draws
    std::size_t others = 60'000;           ///< of each other kind of event
    std::size_t text = 4'096;              ///< bytes of one text
    std::size_t shapes = 400'000;          ///< different (connection, direction, reason, fate, …)
    std::size_t payloads = 2 * 1'048'576;  ///< bytes of the page that payloads take
};

/// Takes the events of a run in their order.
class Record {
  public:
    explicit Record(Bounds bounds = {}) : bounds_(bounds) {}

    void add(const event::Event& event);
    /// A line of the record that is no event.
    void add_unreadable() { ++unreadable_; }
    /// An event that this version does not know.
    void add_unknown() {
        ++events_;
        ++unknown_;
    }

    [[nodiscard]] std::uint64_t events() const noexcept { return events_; }
    [[nodiscard]] std::uint64_t unreadable() const noexcept { return unreadable_; }
    /// Segments and others, told and not drawn.
    [[nodiscard]] std::uint64_t left_out() const noexcept;

    /// The JSON that src/page/web/record.js reads. It is plain ASCII without `<`, `>` and `&`, so
    /// that no text in it can end the element that it stands in.
    [[nodiscard]] std::string to_json(std::string_view source, std::string_view version) const;

  private:
    /// A segment: what few have is in its shape, which many share, or among the extras.
    struct Segment {
        std::int64_t at = 0;  ///< nanoseconds
        std::uint64_t order = 0;
        event::EventId id = 0;
        std::int64_t seq = 0;
        std::int64_t ack = 0;
        std::int64_t window = 0;
        std::int64_t timestamp = -1;
        std::int64_t echo = -1;
        std::uint32_t shape = 0;
        std::uint32_t length = 0;
        std::uint32_t header_window = 0;
        bool plain = false;   ///< honest data and acknowledgements: left out before all else
        std::string extra;    ///< members of a JSON object; empty: none
        std::string payload;  ///< the same
    };

    void add_segment(const event::Event& event, const event::Segment& told);
    void add_other(const event::Event& event, std::string_view word);
    [[nodiscard]] std::string json_of(const event::Event& event) const;
    [[nodiscard]] std::uint32_t shape_of(const event::Event& event, const event::Segment& told);
    /// Every second one goes, of the plain ones as long as they are many.
    void thin_out();
    void append_segments(std::string& json) const;

    Bounds bounds_;
    std::uint64_t events_ = 0;
    std::uint64_t unreadable_ = 0;
    std::uint64_t unknown_ = 0;
    std::uint64_t segment_count_ = 0;
    std::uint64_t skip_plain_ = 1;  ///< every how-manieth is kept
    std::uint64_t skip_remarkable_ = 1;
    std::uint64_t plain_seen_ = 0;
    std::uint64_t remarkable_seen_ = 0;
    std::vector<Segment> segments_;
    std::vector<std::string> shapes_;  ///< JSON
    std::unordered_map<std::string, std::uint32_t> shape_numbers_;
    std::vector<std::string> others_;  ///< JSON
    std::map<std::string, std::uint64_t, std::less<>> others_seen_;
    std::string verdict_ = "null";
    std::string run_ = "null";
};

}  // namespace ghostpeer::page
