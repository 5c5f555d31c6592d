#include "learn/learn.hpp"

#include "learn/redact.hpp"
#include "learn/rehearsal.hpp"
#include "learn/report.hpp"
#include "learn/student.hpp"

#include "ghostpeer/profile/loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace ghostpeer::learn {

using namespace std::chrono_literals;
using capture::Conversation;
using capture::Side;

namespace {

constexpr std::size_t most_attempts = 50;

std::string summary_of(const Conversation& conversation, const Options& options) {
    std::string words;
    for (const capture::Oddity& oddity : conversation.oddities) {
        if (capture::is_of_capture(oddity.kind) || words.size() + oddity.words.size() > 100) {
            continue;
        }
        words += (words.empty() ? "" : "; ") + words_of(oddity, options.redact);
    }
    if (words.empty()) {
        words = "nothing odd";
    }
    // What stands in a name of a file may be anything.
    std::ranges::replace_if(
        words, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
    return fmt::format("A {} as in conversation {} of a capture: {}.", capture::name(options.peer),
                       conversation.number, words);
}

/// Comments name packets, which differ in each.
std::string without_comments(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::string_view line =
            text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
        text.remove_prefix(line.size());
        if (line.find_first_not_of(' ') == std::string_view::npos ||
            line[line.find_first_not_of(' ')] != '#') {
            out += line;
        }
    }
    return out;
}

/// A peer that dials has to end the run, since most servers never do.
void end_the_run(Draft& draft, Duration length) {
    Rule rule;
    rule.on = fmt::format("[enter closed, enter time-wait, \"idle {}\"]",
                          rounded(std::max<Duration>(30s, length)));
    rule.actions = {"{finish: all}"};
    rule.optional = true;
    rule.comment = "the client ends the run";
    draft.rules.push_back(std::move(rule));
}

class Lessons {
  public:
    Lessons(const std::vector<const Conversation*>& attempts, const Options& options,
            wire::PacketLibrary& packets)
        : options_(options),
          packets_(packets),
          attempts_(attempts.begin(), attempts.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                             attempts.size(), most_attempts))) {
        sheet_.client = options.peer == Side::client;
        left_out_ = attempts.size() - attempts_.size();
    }

    Lesson take() {
        for (const Conversation* conversation : attempts_) {
            study_one(*conversation);
        }
        if (left_out_ > 0) {
            lesson_.accounts.back().open.push_back(fmt::format(
                "{} more attempts are left out: those behind attempt {} are like that one.",
                left_out_, attempts_.size()));
        }
        finish();
        return std::move(lesson_);
    }

  private:
    void study_one(const Conversation& conversation) {
        Scene scene = make_scene(conversation, options_.peer);
        if (options_.redact) {
            redact(scene);
        }
        sheet_.port = scene.program_end.port;
        const auto number = static_cast<std::uint32_t>(lesson_.accounts.size() + 1);
        Studied studied = study(conversation, scene, options_.strict,
                                options_.effort / attempts_.size(), packets_);
        for (std::string& line : describe(conversation, scene)) {
            studied.account.open.push_back(std::move(line));
        }
        lesson_.accounts.push_back(std::move(studied.account));
        if (sheet_.client) {
            end_the_run(studied.draft, conversation.end - conversation.begin);
        }
        if (!sheet_.attempts.empty() && alike(sheet_.attempts.back().draft, studied.draft)) {
            sheet_.attempts.back().last = number;
            return;
        }
        sheet_.attempts.push_back({number, number, std::move(studied.draft)});
    }

    /// Do they say the same, comments aside?
    [[nodiscard]] bool alike(const Draft& one, const Draft& other) const {
        Sheet a;
        Sheet b;
        a.attempts.push_back({1, 1, one});
        b.attempts.push_back({1, 1, other});
        const Written one_text = write(a, false);
        const Written other_text = write(b, false);
        return without_comments(one_text.text) == without_comments(other_text.text) &&
               one_text.files == other_text.files;
    }

    /// What cannot be known of this conversation.
    static std::vector<std::string> describe(const Conversation& conversation, const Scene& scene) {
        std::vector<std::string> lines;
        if (conversation.cut_at_packet) {
            lines.push_back(
                fmt::format("From packet {} on the conversation is longer than what is "
                            "kept of it; nothing was learned from there on.",
                            *conversation.cut_at_packet));
        }
        const bool spoke = std::ranges::any_of(
            scene.acts, [&](const capture::Segment& act) { return scene.by_peer(act); });
        if (!spoke && scene.icmp.empty()) {
            lines.push_back(fmt::format(
                "Nothing of the {} is in the capture: either it was silent, which is what the "
                "profile says, or its packets were not captured.",
                capture::name(scene.peer)));
        }
        for (const capture::Oddity& oddity : conversation.oddities) {
            if (capture::is_of_capture(oddity.kind)) {
                lines.push_back(fmt::format("At packet {}: {}.", oddity.packet, oddity.words));
            }
        }
        return lines;
    }

    void finish() {
        const Conversation& first = *attempts_.front();
        sheet_.connections = static_cast<std::uint32_t>(attempts_.size());
        sheet_.summary = summary_of(first, options_);
        sheet_.head = {
            fmt::format("From {}, conversation {}{}: packets {} to {}.", name_of_capture(options_),
                        first.number,
                        attempts_.size() > 1 ? fmt::format(" and {} more", attempts_.size() - 1)
                                             : std::string(),
                        first.first_packet, attempts_.back()->last_packet),
            ends_of(first, options_.redact)};
        lesson_.report = report(attempts_, lesson_.accounts, options_);
        const auto checked = profile::load_text(write(sheet_, true).text, "profile.yaml");
        if (!checked.profile) {
            lesson_.error = "What was learned is no profile that can be loaded: " +
                            profile::to_string(checked.errors);
            return;
        }
        lesson_.profile = write(sheet_, false);
    }

    const Options& options_;
    wire::PacketLibrary& packets_;
    std::vector<const Conversation*> attempts_;
    std::size_t left_out_ = 0;
    Sheet sheet_;
    Lesson lesson_;
};

}  // namespace

Lesson learn(const std::vector<const Conversation*>& attempts, const Options& options,
             wire::PacketLibrary& packets) {
    if (attempts.empty() || std::ranges::any_of(attempts, [](const Conversation* one) {
            return one == nullptr || one->segments.empty();
        })) {
        Lesson lesson;
        lesson.error = "There is no segment of the conversation to learn from.";
        return lesson;
    }
    return Lessons(attempts, options, packets).take();
}

}  // namespace ghostpeer::learn
