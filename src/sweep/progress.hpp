// How far a sweep is, for who waits for it.
#pragma once

#include "sweep/plan.hpp"

#include <cstddef>
#include <functional>
#include <string>

namespace ghostpeer::sweep {

/// A moving line on a terminal, else a line for each quarter.
class Progress {
  public:
    /// `done`: of `all`, before it began. `elapsed`: seconds since then.
    Progress(std::size_t done, std::size_t all, bool quiet, std::function<double()> elapsed);
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// A run has ended.
    void count(const Case& one);
    void show();
    void clear();

  private:
    [[nodiscard]] std::string left() const;

    std::function<double()> elapsed_;
    std::size_t begun_;
    std::size_t done_;
    std::size_t all_;
    bool quiet_;
    bool terminal_;
    bool shown_ = false;
    std::size_t quarter_ = 0;
    std::string last_;
};

}  // namespace ghostpeer::sweep
