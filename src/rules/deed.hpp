// What a rule has undertaken: it counts as fired once all that its list says is done.
#pragma once

#include "ghostpeer/event/tally.hpp"
#include "ghostpeer/wire/time.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace ghostpeer::rules {

/// One time that a rule's filters let something through and its list is not done at once. It is
/// `waiting` while a pledge speaks for it, and `fired` or `undone` after the last of them.
class Deed {
  public:
    /// `life`: of what has the statistics; a deed that outlives it counts nowhere. `due`: when what
    /// `after` puts off is to be done.
    Deed(event::RuleStatistics& statistics, std::weak_ptr<const void> life,
         std::optional<Instant> due = {});
    ~Deed();
    Deed(const Deed&) = delete;
    Deed& operator=(const Deed&) = delete;

    /// Something of it could not be done; the first reason stays.
    void fail(const event::Missed& missed);
    [[nodiscard]] std::optional<Instant> due() const noexcept { return due_; }

  private:
    event::RuleStatistics& statistics_;
    std::weak_ptr<const void> life_;
    std::optional<Instant> due_;
    std::optional<event::Missed> missed_;
};

/// A part of a deed that is still to be done. One that is dropped, as the words of a connection
/// that ends, was not kept.
class Pledge {
  public:
    Pledge() = default;
    /// `action` is a string literal.
    Pledge(std::shared_ptr<Deed> deed, std::string_view action) noexcept
        : deed_(std::move(deed)), action_(action) {}
    ~Pledge() { break_off({}); }
    Pledge(Pledge&& other) noexcept
        : deed_(std::exchange(other.deed_, nullptr)), action_(other.action_) {}
    Pledge& operator=(Pledge&& other) noexcept {
        if (this != &other) {
            break_off({});
            deed_ = std::exchange(other.deed_, nullptr);
            action_ = other.action_;
        }
        return *this;
    }
    Pledge(const Pledge&) = delete;
    Pledge& operator=(const Pledge&) = delete;

    void keep() noexcept { deed_.reset(); }
    /// `ended`: when the connection was over, where that is why.
    void break_off(std::optional<Instant> ended);
    [[nodiscard]] const std::shared_ptr<Deed>& deed() const noexcept { return deed_; }

  private:
    std::shared_ptr<Deed> deed_;
    std::string_view action_;
};

/// Counts what was not done at the first of these; `missed` says why.
void note_undone(event::RuleStatistics& statistics, const event::Missed& missed);

}  // namespace ghostpeer::rules
