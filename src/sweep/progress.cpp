#include "sweep/progress.hpp"

#include "event/text.hpp"
#include "posix/message.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

namespace ghostpeer::sweep {

Progress::Progress(std::size_t done, std::size_t all, bool quiet, std::function<double()> elapsed)
    : elapsed_(std::move(elapsed)),
      begun_(done),
      done_(done),
      all_(all),
      quiet_(quiet),
      terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::count(const Case& one) {
    ++done_;
    last_ = event::printable(one.column.empty() ? one.row : one.row + " at " + one.column);
    show();
}

void Progress::show() {
    if (quiet_ || all_ == 0) {
        return;
    }
    if (terminal_) {
        constexpr std::size_t width = 24;
        const std::size_t filled = width * done_ / all_;
        print_message(fmt::format("\r\x1b[K[{}{}] {} of {}{}  {}", std::string(filled, '#'),
                                  std::string(width - filled, '.'), done_, all_, left(),
                                  last_.substr(0, 40)));
        shown_ = true;
        return;
    }
    const std::size_t quarter = 4 * done_ / all_;
    if (quarter > quarter_) {
        quarter_ = quarter;
        print_message(fmt::format("{} of {} runs{}\n", done_, all_, left()));
    }
}

void Progress::clear() {
    if (shown_) {
        print_message("\r\x1b[K");
        shown_ = false;
    }
}

std::string Progress::left() const {
    if (done_ == begun_ || done_ == all_) {
        return {};
    }
    const double each = elapsed_() / static_cast<double>(done_ - begun_);
    return fmt::format(", {:.0f} s left", each * static_cast<double>(all_ - done_));
}

}  // namespace ghostpeer::sweep
