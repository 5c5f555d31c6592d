#include "learn/student.hpp"

#include "learn/likeness.hpp"
#include "learn/looks.hpp"
#include "learn/proposals.hpp"
#include "learn/rehearsal.hpp"
#include "learn/spoken.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <tuple>
#include <utility>

namespace ghostpeer::learn {

namespace {

constexpr std::size_t most_rules = 40;
constexpr std::size_t cost_of_one = 1000;  // a rehearsal, in segments
constexpr std::size_t most_passed = 200;

/// A draft, and how far it leads.
struct Attempted {
    Draft draft;
    Rehearsed rehearsed;
    Likeness likeness;

    /// More segments alike, then a later parting.
    [[nodiscard]] std::tuple<bool, std::size_t, Duration> reach() const {
        return {!likeness.parting, likeness.alike, parts_at};
    }
    Duration parts_at{};
};

class Student {
  public:
    Student(const capture::Conversation& conversation, const Scene& scene, std::size_t effort,
            wire::PacketLibrary& packets)
        : conversation_(conversation),
          scene_(scene),
          effort_(effort),
          packets_(packets),
          captured_(heard(scene)) {
        passed_.captured.resize(captured_.size());
        if (!scene.acts.empty()) {
            end_ = scene.acts.back().at;
        }
    }

    Studied study(bool strict) {
        Draft draft;
        std::vector<std::string> remarks = scene_.remarks;
        note_looks(scene_, conversation_, draft, remarks);
        const Attempted honest = attempt(draft);
        note_opening(scene_, captured_, honest.rehearsed, conversation_, draft);
        best_ = speak(draft, strict, remarks);
        while (best_.likeness.parting && best_.draft.rules.size() < most_rules) {
            if (!(allowed() && improve()) && !pass_over()) {
                break;
            }
        }
        drop_idle();
        Studied studied{std::move(best_.draft), {}};
        Account& account = studied.account;
        account.conversation = conversation_.number;
        account.captured = captured_.size();
        account.alike = std::min(best_.likeness.alike, account.captured);
        account.rehearsals = rehearsals_;
        account.open = std::move(remarks);
        account.open.insert(account.open.end(), open_.begin(), open_.end());
        if (best_.likeness.parting) {
            account.open.push_back(fmt::format(
                "{}: from here on the capture was not compared any further; there is more in it "
                "than {} rules say.",
                where(*best_.likeness.parting), studied.draft.rules.size()));
        }
        for (const Rule& rule : studied.draft.rules) {
            if (!rule.comment.empty()) {
                account.rules.push_back(rule.comment);
            }
        }
        return studied;
    }

  private:
    [[nodiscard]] bool allowed() const noexcept { return fed_ < effort_; }

    Attempted attempt(Draft draft) {
        Attempted attempted;
        attempted.draft = std::move(draft);
        attempted.rehearsed = rehearse(scene_, sheet_of(scene_, attempted.draft), packets_);
        ++rehearsals_;
        fed_ += attempted.rehearsed.fed + attempted.rehearsed.lines.size() + cost_of_one +
                attempted.rehearsed.turns / 4;
        if (attempted.rehearsed.error.empty()) {
            attempted.likeness =
                compare(captured_, attempted.rehearsed.lines, passed_, scene_.rtt, end_);
        } else {
            attempted.likeness.parting = Parting{};
        }
        time_parting(attempted);
        return attempted;
    }

    void time_parting(Attempted& attempted) const {
        if (!attempted.likeness.parting) {
            return;
        }
        const Parting& parting = *attempted.likeness.parting;
        attempted.parts_at = end_;
        if (parting.captured < captured_.size()) {
            attempted.parts_at = captured_[parting.captured].at;
        }
        if (parting.rehearsed < attempted.rehearsed.lines.size()) {
            attempted.parts_at =
                std::min(attempted.parts_at, attempted.rehearsed.lines[parting.rehearsed].at);
        }
    }

    /// With the application's side, by pattern where that leads as far as by place.
    Attempted speak(const Draft& draft, bool strict, std::vector<std::string>& remarks) {
        std::optional<Attempted> best;
        std::vector<std::string> words;
        for (const bool by_place : {false, true}) {
            if (strict && !by_place) {
                continue;
            }
            Spoken said = spoken(scene_, by_place);
            Draft speaking = draft;
            speaking.script = std::move(said.script);
            speaking.keep_open = said.keep_open;
            speaking.rules.insert(speaking.rules.end(), said.rules.begin(), said.rules.end());
            if (said.nagle_off) {
                speaking.tcp.emplace_back("nagle", "off");
            }
            Attempted one = attempt(std::move(speaking));
            if (!best || one.reach() > best->reach()) {
                if (best) {
                    said.remarks.emplace_back(
                        "What the program said could not be told by a pattern, "
                        "so the script counts its bytes.");
                }
                best = std::move(one);
                words = std::move(said.remarks);
            }
        }
        remarks.insert(remarks.end(), words.begin(), words.end());
        return std::move(*best);
    }

    /// Tries what could explain the parting; true where something leads further.
    bool improve() {
        const Position position{scene_, captured_, best_.rehearsed, *best_.likeness.parting};
        std::optional<Attempted> better;
        for (Draft& draft : propose(position, best_.draft)) {
            if (!allowed()) {
                break;
            }
            Attempted one = attempt(std::move(draft));
            if (!one.rehearsed.error.empty()) {
                continue;
            }
            const Attempted& before = better ? *better : best_;
            if (one.reach() > before.reach() && counts(one, before)) {
                better = std::move(one);
                if (!better->likeness.parting) {
                    break;
                }
            }
        }
        if (!better) {
            return false;
        }
        best_ = std::move(*better);
        return true;
    }

    /// A rule that did not act when the program did what the capture shows would be missed in a
    /// run.
    void drop_idle() {
        for (std::size_t i = best_.draft.rules.size(); i-- > 0;) {
            if (i < best_.rehearsed.acted.size() && !best_.rehearsed.acted[i]) {
                Draft draft = best_.draft;
                draft.rules.erase(draft.rules.begin() + static_cast<std::ptrdiff_t>(i));
                Attempted one = attempt(std::move(draft));
                if (one.rehearsed.error.empty() && one.reach() >= best_.reach()) {
                    best_ = std::move(one);
                } else {
                    best_.draft.rules[i].optional = true;
                }
            }
        }
    }

    /// More of the capture has to be reached, or the same behind more time that is understood.
    [[nodiscard]] static bool counts(const Attempted& one, const Attempted& before) {
        constexpr Duration step = std::chrono::milliseconds(3);
        return !one.likeness.parting || one.likeness.alike > before.likeness.alike ||
               one.parts_at > before.parts_at + step;
    }

    /// No rule says it: it is told, and what comes behind it is looked at.
    bool pass_over() {
        if (open_.size() >= most_passed) {
            return false;
        }
        const Parting& parting = *best_.likeness.parting;
        const bool has_captured = parting.captured < captured_.size();
        const bool has_rehearsed = parting.rehearsed < best_.rehearsed.lines.size();
        const bool extra = parting.what == Difference::extra && has_rehearsed;
        if (extra || (!has_captured && has_rehearsed)) {
            const Line& line = best_.rehearsed.lines[parting.rehearsed];
            passed_.rehearsed.push_back(line);
            open_.push_back(
                fmt::format("{}: an honest peer would send {} here; the capture has "
                            "none, and no rule was found that says so.",
                            where(parting), in_words(line)));
        } else if (has_captured) {
            passed_.captured[parting.captured] = true;
            const Line& line = captured_[parting.captured];
            const char* how = parting.what == Difference::time     ? "comes at another time than"
                              : parting.what == Difference::window ? "offers another window than"
                                                                   : "is something else than";
            open_.push_back(fmt::format("{}: {} {} what the profile's peer does here.",
                                        where(parting), in_words(line), how));
            if (parting.what != Difference::missing && has_rehearsed) {
                passed_.rehearsed.push_back(best_.rehearsed.lines[parting.rehearsed]);
            }
        } else {
            return false;
        }
        best_.likeness = compare(captured_, best_.rehearsed.lines, passed_, scene_.rtt, end_);
        time_parting(best_);
        return true;
    }

    [[nodiscard]] std::string where(const Parting& parting) const {
        if (parting.captured < captured_.size()) {
            const Line& line = captured_[parting.captured];
            return "At " + place_of(scene_, line.packet, line.at);
        }
        if (parting.rehearsed < best_.rehearsed.lines.size()) {
            const Line& line = best_.rehearsed.lines[parting.rehearsed];
            if (line.cause < scene_.acts.size()) {
                const capture::Segment& act = scene_.acts[line.cause];
                return "After " + place_of(scene_, act.packet, act.at);
            }
        }
        return "At the end";
    }

    const capture::Conversation& conversation_;
    const Scene& scene_;
    std::size_t effort_;
    wire::PacketLibrary& packets_;
    std::vector<Line> captured_;
    Passed passed_;
    Duration end_{};
    Attempted best_;
    std::vector<std::string> open_;
    std::size_t fed_ = 0;
    std::size_t rehearsals_ = 0;
};

}  // namespace

Sheet sheet_of(const Scene& scene, Draft draft) {
    Sheet sheet;
    sheet.summary = "A rehearsal.";
    sheet.client = scene.peer == capture::Side::client;
    sheet.port = scene.program_end.port;
    sheet.attempts.push_back({1, 1, std::move(draft)});
    return sheet;
}

Studied study(const capture::Conversation& conversation, const Scene& scene, bool strict,
              std::size_t effort, wire::PacketLibrary& packets) {
    return Student(conversation, scene, effort, packets).study(strict);
}

}  // namespace ghostpeer::learn
