// All observers of a run as one: the way into the record.
#pragma once

#include "event/sink.hpp"
#include "ghostpeer/event/verdict.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ghostpeer::loop {

class Sinks {
  public:
    void add(std::unique_ptr<event::Sink> sink) { sinks_.push_back(std::move(sink)); }
    /// One that is told nothing but the verdict, after the others: what they lost belongs to it.
    void add_report(std::unique_ptr<event::Sink> sink) { reports_.push_back(std::move(sink)); }
    /// One that is told everything before the others are, but packets: the judge. It outlives
    /// these.
    void add_first(event::Sink& sink) { first_ = &sink; }
    /// Does anybody show or write what happens? If not, packets need not be told.
    [[nodiscard]] bool empty() const noexcept { return sinks_.empty(); }
    /// Whoever makes events that others name numbers them with these.
    [[nodiscard]] event::EventIds& ids() noexcept { return ids_; }

    /// Numbers it where nobody has.
    void record(event::Event&& event) {
        if (event.id == 0) {
            event.id = ids_.next();
        }
        if (first_ != nullptr && !std::holds_alternative<event::Packet>(event.what)) {
            first_->record(event);
        }
        for (const auto& sink : sinks_) {
            sink->record(event);
        }
    }
    /// What somebody should know once: a stable word, a sentence.
    void notice(Instant at, std::string_view what, std::string text) {
        record({at, 0, 0, event::Notice{what, std::move(text)}});
    }
    void report(Instant at, const std::shared_ptr<const event::Verdict>& verdict) {
        for (const auto& sink : reports_) {
            sink->record({at, 0, 0, verdict});
        }
    }
    void flush() {
        for (const auto& sink : sinks_) {
            sink->flush();
        }
    }
    void finish() {
        for (const auto* list : {&sinks_, &reports_}) {
            for (const auto& sink : *list) {
                sink->finish();
            }
        }
    }
    [[nodiscard]] bool pending() const {
        for (const auto& sink : sinks_) {
            if (sink->pending()) {
                return true;
            }
        }
        return false;
    }
    [[nodiscard]] std::vector<event::Loss> lost() const {
        std::vector<event::Loss> losses;
        for (const auto* list : {&sinks_, &reports_}) {
            for (const auto& sink : *list) {
                if (auto sentence = sink->lost()) {
                    losses.push_back({std::move(*sentence), sink->vital()});
                }
            }
        }
        return losses;
    }

  private:
    event::EventIds ids_;
    event::Sink* first_ = nullptr;
    std::vector<std::unique_ptr<event::Sink>> sinks_;
    std::vector<std::unique_ptr<event::Sink>> reports_;
};

}  // namespace ghostpeer::loop
