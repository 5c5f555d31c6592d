// All observers of a run as one.
#pragma once

#include "observe/sink.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::app {

class Sinks {
  public:
    void add(std::unique_ptr<observe::Sink> sink) { sinks_.push_back(std::move(sink)); }
    /// One that is told nothing but the verdict, after the others: what they lost belongs to it.
    void add_report(std::unique_ptr<observe::Sink> sink) { reports_.push_back(std::move(sink)); }
    [[nodiscard]] bool empty() const noexcept { return sinks_.empty(); }

    void event(const peer::Event& event) {
        for (const auto& sink : sinks_) {
            sink->event(event);
        }
    }
    void packet(peer::Direction direction, Instant at, std::span<const std::uint8_t> bytes) {
        for (const auto& sink : sinks_) {
            sink->packet(direction, at, bytes);
        }
    }
    void socket(Instant at, const observe::SocketEvent& socket) {
        for (const auto& sink : sinks_) {
            sink->socket(at, socket);
        }
    }
    void exit(Instant at, const observe::Exit& exit) {
        for (const auto& sink : sinks_) {
            sink->exit(at, exit);
        }
    }
    void verdict(Instant at, const observe::Verdict& verdict) {
        for (const auto& sink : sinks_) {
            sink->verdict(at, verdict);
        }
    }
    void report(Instant at, const observe::Verdict& verdict) {
        for (const auto& sink : reports_) {
            sink->verdict(at, verdict);
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
    [[nodiscard]] std::vector<observe::Loss> lost() const {
        std::vector<observe::Loss> losses;
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
    std::vector<std::unique_ptr<observe::Sink>> sinks_;
    std::vector<std::unique_ptr<observe::Sink>> reports_;
};

}  // namespace ghostpeer::app
