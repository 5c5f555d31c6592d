#include "rules/deed.hpp"

#include <algorithm>

namespace ghostpeer::rules {

Deed::Deed(event::RuleStatistics& statistics, std::weak_ptr<const void> life,
           std::optional<Instant> due)
    : statistics_(statistics), life_(std::move(life)), due_(due) {
    ++statistics_.waiting;
    if (due_) {
        statistics_.due = std::min(statistics_.due.value_or(*due_), *due_);
    }
}

Deed::~Deed() {
    if (life_.expired()) {
        return;
    }
    --statistics_.waiting;
    if (statistics_.waiting == 0) {
        statistics_.due.reset();
    }
    if (missed_) {
        note_undone(statistics_, *missed_);
    } else {
        ++statistics_.fired;
    }
}

void Deed::fail(const event::Missed& missed) {
    if (!missed_) {
        missed_ = missed;
    }
}

void Pledge::break_off(std::optional<Instant> ended) {
    if (deed_) {
        deed_->fail({std::string(action_), deed_->due(), ended});
        deed_.reset();
    }
}

void note_undone(event::RuleStatistics& statistics, const event::Missed& missed) {
    ++statistics.undone;
    if (!statistics.missed) {
        statistics.missed = missed;
    }
}

}  // namespace ghostpeer::rules
