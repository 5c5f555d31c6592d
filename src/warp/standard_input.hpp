// Standard input for the guest: it cannot wait for the host, since its time would run away
// meanwhile, so all of it is there before it begins.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace ghostpeer::warp {

class StandardInput {
  public:
    StandardInput(std::function<Duration()> clock, int signal_fd,
                  std::function<std::optional<int>()> next_signal,
                  std::function<void(std::string_view)> tell);

    /// Copies it to a file until its end. A terminal and devices count as empty. The error is a
    /// complete sentence.
    [[nodiscard]] tl::expected<void, std::string> spool(const std::filesystem::path& to);
    [[nodiscard]] bool has_content() const { return has_content_; }
    /// The signal that ended the waiting for its end.
    [[nodiscard]] std::optional<int> interrupted() const { return interrupted_; }
    /// So many bytes were read by the program: a file stands behind them afterwards, as it would
    /// without a guest.
    void consumed(long long bytes) const;

  private:
    [[nodiscard]] bool wait_for_more();

    std::function<Duration()> clock_;
    int signal_fd_;
    std::function<std::optional<int>()> next_signal_;
    std::function<void(std::string_view)> tell_;
    bool has_content_ = false;
    bool is_file_ = false;
    bool told_ = false;
    long long begin_ = 0;
    std::optional<int> interrupted_;
};

}  // namespace ghostpeer::warp
