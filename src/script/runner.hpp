// A script's way through a conversation: what it hears, waits for and says. No TCP, no clock.
#pragma once

#include "ghostpeer/profile/script.hpp"
#include "ghostpeer/wire/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::script {

/// Something came that the step has no word for.
struct Surprise {
    const profile::Step* step = nullptr;
    std::string text;  ///< a sentence without the place
};

class Runner {
  public:
    /// `marks`: are requests to be told apart by their bytes?
    explicit Runner(profile::Script script, bool marks = false);

    /// Why `go` came back.
    enum class Pause : std::uint8_t {
        input,    ///< it waits for what the program says
        time,     ///< until `due`
        saying,   ///< take `said`
        end,      ///< take `end`
        over,     ///< no step is left
        too_much  ///< so many steps are enough for one instant
    };
    /// Step by step, as far as it goes.
    Pause go(Instant now);

    /// How much it would hear now. One that is over takes and forgets whatever comes.
    [[nodiscard]] std::size_t appetite() const noexcept;
    void hear(std::span<const std::uint8_t> bytes);
    /// No more comes: what it has and cannot use is a surprise.
    void hear_no_more();

    [[nodiscard]] Pause why() const noexcept { return why_; }
    [[nodiscard]] bool waits_for_input() const noexcept { return why_ == Pause::input; }
    [[nodiscard]] bool over() const noexcept { return why_ == Pause::over; }
    [[nodiscard]] Instant due() const noexcept { return due_; }
    [[nodiscard]] const profile::Say& said() const noexcept { return said_; }
    [[nodiscard]] profile::EndStep end() const noexcept { return end_; }
    /// What came since the last that was said makes one request.
    [[nodiscard]] std::uint64_t requests() const noexcept { return requests_; }
    /// Requests that something was said after.
    [[nodiscard]] std::uint64_t responses() const noexcept { return responses_; }
    [[nodiscard]] std::vector<Surprise> take_surprises() { return std::exchange(surprises_, {}); }
    /// No step comes any more, as for an application that cannot write.
    void stop() noexcept;
    /// What has been heard since the last request makes one.
    void end_request();
    /// Of requests that are whole, by their bytes.
    [[nodiscard]] std::vector<std::uint64_t> take_marks() { return std::exchange(whole_, {}); }
    /// Bytes on the heap.
    [[nodiscard]] std::size_t held() const noexcept {
        std::size_t bytes = input_.capacity() + (filled_in_ ? said_.content->size() : 0);
        for (const std::string& capture : captures_) {
            bytes += capture.capacity();
        }
        return bytes;
    }

  private:
    struct Level {
        const profile::Steps* steps = nullptr;
        std::size_t at = 0;
        bool loop = false;
        std::optional<std::uint64_t> left;  ///< of a loop; unset: for ever
    };
    /// What a step that waits makes of the input.
    struct Found {
        std::size_t taken = 0;                           ///< bytes, of the input's beginning
        const profile::AwaitStep::Case* that = nullptr;  ///< null: none
        std::optional<profile::Pattern::Match> match;
        std::string surprise;  ///< not empty: what came instead
    };

    std::optional<Pause> step(const profile::Step& step, Instant now);
    bool await(const profile::Step& step, const profile::AwaitStep& what);
    [[nodiscard]] std::optional<Found> look(const profile::AwaitStep& what);
    [[nodiscard]] std::optional<Found> look_in_stream(const profile::AwaitStep& what);
    [[nodiscard]] std::optional<Found> look_in_line(const profile::AwaitStep& what);
    [[nodiscard]] std::optional<Found> look_in_taken(const profile::AwaitStep& what) const;
    [[nodiscard]] std::optional<Found> look_in_bytes(const profile::AwaitStep& what,
                                                     std::uint64_t count);
    [[nodiscard]] std::optional<Found> look_in_frame(const profile::AwaitStep& what,
                                                     const profile::LengthField& field);
    void take(const Found& found);
    void keep_groups(const profile::Pattern::Match& match);
    void mark(std::span<const std::uint8_t> bytes);
    void begin_say(const profile::SayStep& what);
    void leave_loop();
    [[nodiscard]] std::string_view text() const noexcept;
    void be_surprised(const profile::Step& step, std::string text);

    std::shared_ptr<const profile::Steps> steps_;
    std::vector<Level> levels_;
    wire::Bytes input_;
    std::size_t begin_ = 0;   ///< of `input_`: before it everything is taken
    std::size_t looked_ = 0;  ///< so much of the rest has been looked at in vain
    bool cut_ = false;        ///< before `begin_` is what was not taken and is forgotten
    std::uint64_t skip_ = 0;  ///< bytes that are still to come and to be forgotten
    bool skipping_ = false;   ///< the step has these, once they are over
    std::array<std::string, profile::most_captures + 1> captures_;
    profile::Say said_;
    profile::EndStep end_ = profile::EndStep::close;
    Pause why_ = Pause::time;
    Instant due_{};
    bool pausing_ = false;
    bool filled_in_ = false;  ///< `said_` was made for this connection alone
    bool spoken_ = true;      ///< since the last request
    Instant instant_{};
    std::uint32_t steps_at_instant_ = 0;
    std::uint64_t requests_ = 0;
    std::uint64_t responses_ = 0;
    std::vector<Surprise> surprises_;
    bool marks_ = false;
    std::uint64_t mark_ = 0;  ///< of the request so far; 0: there is none
    std::vector<std::uint64_t> whole_;
};

}  // namespace ghostpeer::script
