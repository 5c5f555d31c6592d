// Standard input for the guest: it cannot wait for the host, since its time would run away
// meanwhile, so all of it is there before it begins.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace ghostpeer::warp {

class StandardInput {
  public:
    struct Parts {
        std::function<Duration()> clock;  ///< real time since some fixed instant
        Duration wall_end{};              ///< of that clock: it is waited for until then
        std::uint64_t most_bytes = 0;     ///< that are kept
        int signal_fd = -1;
        std::function<std::optional<int>()> next_signal;
        std::function<void(std::string_view)> tell;  ///< a complete sentence
    };
    explicit StandardInput(Parts parts);

    /// Copies it to a file until its end. A terminal and devices count as empty. The error is a
    /// complete sentence.
    [[nodiscard]] tl::expected<void, std::string> spool(const std::filesystem::path& to);
    [[nodiscard]] bool has_content() const { return has_content_; }
    /// The signal that ended the waiting for its end.
    [[nodiscard]] std::optional<int> interrupted() const { return interrupted_; }
    /// It was waited for until `wall_end`: an error.
    [[nodiscard]] bool out_of_time() const { return out_of_time_; }
    /// So many bytes were read by the program: a file stands behind them afterwards, as it would
    /// without a guest.
    void consumed(long long bytes) const;

  private:
    [[nodiscard]] bool wait_for_more();

    Parts parts_;
    bool has_content_ = false;
    bool is_file_ = false;
    bool told_ = false;
    bool out_of_time_ = false;
    long long begin_ = 0;
    std::optional<int> interrupted_;
};

}  // namespace ghostpeer::warp
