#include "learn/proposing.hpp"

namespace ghostpeer::learn {

using namespace std::chrono_literals;
using capture::Segment;
using wire::Flags;

namespace {

class Additions : public Proposing {
  public:
    using Proposing::Proposing;

    std::vector<Draft> propose() {
        added();
        return std::move(drafts());
    }

  private:
    void added() {
        if (at_end()) {
            return;
        }
        const Line& line = captured();
        const std::string words = here(in_words(line));
        for (const Moment& moment : moments_before(position(), line.cause, line.at)) {
            const Duration late = line.at - moment.at - scene().rtt;
            if (line.icmp) {
                add(moment, {icmp(line)}, words, late);
                add(moment, {"drop", icmp(line)}, words);
                continue;
            }
            if (line.segment.has(Flags::rst)) {
                add(moment, {"reset"}, words, late);
                add(moment, {"forget"}, words, late);
                add(moment, {"drop", "reset"}, words);
                add(moment, {"close"}, words, late);
            }
            if (line.segment.has(Flags::fin)) {
                add(moment, {"close"}, words, late);
                add(moment, {"shutdown"}, words, late);
            }
            if (plain_ack(line)) {
                add(moment, {"{window: auto}"}, words, late);
                add(moment, {"resume-reading"}, words, late);
                add(moment, {"resume-acking"}, words, late);
                add(moment, {fmt::format("{{window: {}}}", line.offered)}, words, late);
            }
        }
        if (line.segment.has(Flags::rst)) {
            forgotten_before(line);
        }
        repeats(line);
        if (!line.icmp) {
            for (Rule& rule : forged(position(), line)) {
                rule.comment = words;
                add({rule});
            }
        }
    }

    /// An RST without ACK answers what met no connection: the peer had forgotten it before.
    void forgotten_before(const Line& line) {
        if (position().parting.captured == 0) {
            return;
        }
        const Line& before = position().captured[position().parting.captured - 1];
        const Duration asked =
            line.cause < scene().acts.size() ? scene().acts[line.cause].at : line.at;
        for (const Moment& moment : moments_before(position(), before.cause, before.at)) {
            add(moment, {"forget"}, here("the peer knows nothing of the connection any more"),
                (before.at + asked) / 2 - moment.at);
        }
    }

    /// The same once more: two of one, or it had not heard what the program answered.
    void repeats(const Line& line) {
        for (std::size_t i = position().parting.captured; i-- > 0;) {
            const Line& before = position().captured[i];
            if (!same_numbers(before, line)) {
                continue;
            }
            if (line.at - before.at <= 5ms) {
                doubled(before);
            }
            unheard_since(before, line);
            return;
        }
        if (end_place(line) > line.place) {
            for (std::size_t i = position().parting.captured; i-- > 0;) {
                if (end_place(position().captured[i]) > line.place &&
                    position().captured[i].place <= line.place) {
                    unheard_since(position().captured[i], line);
                    return;
                }
            }
        }
    }
    void doubled(const Line& before) {
        const std::string words = here("the same segment twice");
        add({"send any", {}, {}}, {"duplicate"}, words);
        for (std::size_t j = position().rehearsed.lines.size(); j-- > 0;) {
            const Line& made = position().rehearsed.lines[j];
            if (same_numbers(made, before) && made.reason && made.at <= before.at + 5ms) {
                std::size_t nth = 0;
                for (std::size_t i = 0; i <= j; ++i) {
                    nth += position().rehearsed.lines[i].reason == made.reason ? 1 : 0;
                }
                const std::string on = fmt::format("send {}", tcp::name(*made.reason));
                add({on, {}, {}}, {"duplicate"}, words);
                add({on, {{nth == 1 ? "first" : "nth", std::to_string(nth)}}, {}}, {"duplicate"},
                    words);
                add({"[receive any, send any]", {}, {}}, {"duplicate"}, words);
                return;
            }
        }
    }
    void unheard_since(const Line& before, const Line& line) {
        const bool opening = line.segment.has(Flags::syn);
        const std::string words = fmt::format(
            "{}: {} is sent again", place_of(scene(), line.packet, line.at), in_words(line));
        std::vector<std::size_t> acts;
        for (std::size_t i = 0; i < scene().acts.size() && acts.size() < 30; ++i) {
            const Segment& act = scene().acts[i];
            if (!scene().by_peer(act) && act.at >= before.at && act.at < line.at) {
                acts.push_back(i);
            }
        }
        if (acts.empty()) {
            return;
        }
        if (opening) {
            Rule rule{"[receive ack, receive data]",
                      {{"when", "{state: syn-received}"}, {"first", std::to_string(acts.size())}},
                      {"drop"},
                      words};
            add({rule});
            rule.filters.pop_back();
            add({rule});
        }
        add(moment_of(position(), acts.front(), false), {"drop"}, words);
        Draft each = draft();
        for (const std::size_t act : acts) {
            const Moment moment = moment_of(position(), act, true);
            add(moment, {"drop"}, words);
            each.rules.push_back({moment.on, moment.filters, {"drop"}, words});
        }
        if (acts.size() > 1 && acts.size() <= 4) {
            drafts().push_back(std::move(each));
        }
        for (const Moment& moment : moments_before(position(), before.cause, before.at)) {
            add(moment, {"{blackhole: in}"}, words);
        }
    }
};

}  // namespace

std::vector<Draft> propose_additions(const Position& position, const Draft& draft) {
    return Additions(position, draft).propose();
}

}  // namespace ghostpeer::learn
