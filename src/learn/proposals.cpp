#include "learn/proposing.hpp"

namespace ghostpeer::learn {

using namespace std::chrono_literals;
using capture::Segment;
using wire::Flags;

namespace {

class Proposer : public Proposing {
  public:
    using Proposing::Proposing;

    std::vector<Draft> propose() {
        switch (position().parting.what) {
            case Difference::extra: withheld(); break;
            case Difference::missing: added(); break;
            case Difference::time:
                if (!may_be_sent_again()) {
                    delayed();
                }
                patience();
                withheld();
                added();
                break;
            case Difference::window: windows(); break;
            case Difference::fields:
                instead();
                windows();
                changed();
                withheld();
                added();
                break;
        }
        return std::move(drafts());
    }

  private:
    /// Late by no less than a retransmission timeout, or at once for something that the program has
    /// sent (again) since the rehearsal's answer: then the first was lost rather than late.
    [[nodiscard]] bool may_be_sent_again() const {
        if (at_end() || !has_rehearsed()) {
            return false;
        }
        const bool opens = captured().segment.has(Flags::syn);
        if (captured().at - rehearsed().at >= (opens ? 990ms : 190ms)) {
            return true;
        }
        const std::size_t act = captured().cause;
        return act != rehearsed().cause && act < scene().acts.size() &&
               captured().at - scene().acts[act].at <= scene().rtt + 3ms;
    }

    void added() {
        for (Draft& one : propose_additions(position(), draft())) {
            drafts().push_back(std::move(one));
        }
    }

    // The peer says less than an honest one ---------------------------------------------------

    void withheld() {
        if (!has_rehearsed()) {
            return;
        }
        const Line& line = rehearsed();
        const std::size_t act = line.cause;
        const bool caused =
            act < scene().acts.size() && line.at - scene().acts[act].at <= scene().rtt + 250ms;
        const std::string unheard = at_act(act, "goes unanswered");
        if (caused) {
            add(moment_of(position(), act, false), {"drop"}, unheard);
        }
        if (caused) {
            large_alone(act, unheard);
        }
        if (at_end()) {
            silence();
        }
        if (caused) {
            add(moment_of(position(), act, true), {"drop"}, unheard);
        }
        if (caused && !at_end()) {
            until_it_is_heard(act, unheard);
        }
        const std::string unsent = here(fmt::format("the peer's {} does not come", in_words(line)));
        add({reason(), {}, {}}, {"drop"}, unsent);
        add({reason(), {number_of_reason()}, {}}, {"drop"}, unsent);
        add({"[send ack, send duplicate-ack, send challenge-ack]", {}, {}}, {"drop"}, unsent);
        if (line.reason == tcp::Reason::fin) {
            Draft open = draft();
            open.keep_open = true;
            drafts().push_back(std::move(open));
        }
        stops(act);
        delayed();
        if (!at_end()) {
            answered_otherwise(act);
            pauses();
        }
    }

    /// Large packets are lost, and small ones pass.
    void large_alone(std::size_t act, const std::string& words) {
        constexpr std::uint32_t large = 500;
        const std::uint32_t length = scene().acts[act].length;
        const bool has_smaller = std::ranges::any_of(scene().acts, [&](const Segment& one) {
            return !scene().by_peer(one) && one.length > 0 && one.length < length;
        });
        if (length >= large && has_smaller) {
            Moment moment = moment_of(position(), act, false);
            moment.filters.emplace_back("when", fmt::format("{{length: \">= {}\"}}", length));
            add(moment, {"drop"}, words);
        }
    }

    /// One after the other is lost, until the one that is answered.
    void until_it_is_heard(std::size_t act, const std::string& words) {
        const auto& kinds = position().rehearsed.kinds;
        const auto later = std::find_if(
            position().captured.begin() + static_cast<std::ptrdiff_t>(position().parting.captured),
            position().captured.end(), [&](const Line& line) {
                return line.icmp.has_value() == rehearsed().icmp.has_value() &&
                       line.ack_place >= rehearsed().ack_place;
            });
        if (later == position().captured.end()) {
            return;
        }
        std::size_t first = 0;
        std::size_t last = 0;
        for (std::size_t i = 0; i < std::min(later->cause, kinds.size()); ++i) {
            if (!scene().by_peer(scene().acts[i]) && kinds[i] == kinds[act]) {
                ++last;
                first += i <= act ? 1 : 0;
            }
        }
        if (last > first && first > 0) {
            Moment moment = moment_of(position(), act, false);
            moment.filters = {first == 1 ? Entry{"first", std::to_string(last)}
                                         : Entry{"nth", fmt::format("{}..{}", first, last)}};
            add(moment, {"drop"}, words);
        }
    }

    /// Nothing comes from the peer any more.
    void silence() {
        const std::string words = here("from here on the peer is silent");
        const auto last_cause =
            position().captured.empty() ? scene().acts.size() : position().captured.back().cause;
        for (const Moment& moment : moments_before(
                 position(), std::min(rehearsed().cause, scene().acts.size()), rehearsed().at)) {
            add(moment, {"blackhole"}, words, quiet_after(moment));
        }
        if (last_cause < scene().acts.size()) {
            const Duration at = position().captured.back().at;
            for (const Moment& moment : moments_before(position(), last_cause, at)) {
                add(moment, {"blackhole"}, words, quiet_after(moment));
            }
        }
    }
    /// The peer still spoke a while after the moment: the silence begins behind that.
    [[nodiscard]] Duration quiet_after(const Moment& moment) const {
        const Duration last = position().parting.captured > 0
                                  ? position().captured[position().parting.captured - 1].at
                                  : Duration{};
        const Duration until = rehearsed().at;
        if (last <= moment.at + scene().rtt || until <= last) {
            return {};
        }
        return last - moment.at - scene().rtt + std::max<Duration>((until - last) / 2, 4ms);
    }

    /// Silent for a while, and there again.
    void pauses() {
        const Duration again = captured().at;
        if (again <= rehearsed().at + 20ms) {
            return;
        }
        for (const Moment& moment : moments_before(position(), rehearsed().cause, rehearsed().at)) {
            Rule away{
                moment.on, moment.filters, {"blackhole"}, here("silent for a while, until here")};
            Rule back{moment.on, moment.filters, {"revive"}};
            const Duration begin = quiet_after(moment);
            if (begin > 3ms) {
                away.filters.emplace_back("after", rounded(begin));
            }
            const Duration latest =
                captured().cause < scene().acts.size() ? scene().acts[captured().cause].at : again;
            const Duration end = std::min(again, latest) - moment.at - 2ms;
            if (end <= begin) {
                continue;
            }
            back.filters.emplace_back("after", rounded(end));
            add({away, back});
        }
    }

    /// Its application does not read, or its TCP does not acknowledge.
    void stops(std::size_t act) {
        if (act >= scene().acts.size()) {
            return;
        }
        const std::string words = at_act(act, "the peer's ACKs stop");
        for (const Moment& moment : moments_before(position(), act, rehearsed().at)) {
            add(moment, {"stop-acking"}, words);
        }
    }

    void delayed() {
        if (!has_rehearsed()) {
            return;
        }
        const Line& line = rehearsed();
        for (std::size_t i = position().parting.captured; i < position().captured.size(); ++i) {
            const Line& later = position().captured[i];
            if (!same_numbers(later, line) || later.at <= line.at + 3ms) {
                continue;
            }
            const std::string delay = fmt::format("{{delay: {}}}", rounded(later.at - line.at));
            const std::string words = fmt::format(
                "{}: {} comes late", place_of(scene(), later.packet, later.at), in_words(later));
            add({reason(), {}, {}}, {delay}, words);
            add({reason(), {number_of_reason()}, {}}, {delay}, words);
            if (line.cause < scene().acts.size()) {
                add(moment_of(position(), line.cause, false), {delay}, words);
                add(moment_of(position(), line.cause, true), {delay}, words);
            }
            return;
        }
    }

    /// It sends again sooner or later than ours.
    void patience() {
        if (!has_rehearsed() || at_end()) {
            return;
        }
        for (std::size_t i = position().parting.captured; i-- > 0;) {
            if (position().captured[i].place == captured().place &&
                end_place(captured()) > captured().place &&
                same_numbers(position().captured[i], captured())) {
                const Duration gap = captured().at - position().captured[i].at;
                add_tcp("rto", rounded(gap));
                add_tcp("rto_min", rounded(std::min<Duration>(gap, 1s)));
                return;
            }
        }
    }

    /// ICMP or RST in place of an answer, or a SYN of its own.
    void answered_otherwise(std::size_t act) {
        const Line& line = captured();
        if (act >= scene().acts.size()) {
            return;
        }
        std::string action;
        if (line.icmp) {
            action = icmp(line);
        } else if (line.segment.has(Flags::rst)) {
            action = "reset";
        } else if (line.segment.has(Flags::syn) && !line.segment.has(Flags::ack)) {
            action = "connect";
        }
        if (action.empty()) {
            return;
        }
        const Duration late = line.at - scene().acts[act].at - scene().rtt;
        const std::string words = here(in_words(line));
        for (const bool numbered : {false, true}) {
            const Moment moment = moment_of(position(), act, numbered);
            if (late <= 3ms) {
                add(moment, {action}, words);
                add(moment, {"drop", action}, words);
            } else {
                Rule drop{moment.on, moment.filters, {"drop"}, words};
                Rule then{moment.on, moment.filters, {action}};
                then.filters.emplace_back("after", rounded(late));
                add({drop, then});
            }
        }
    }
    // The peer says something else ---------------------------------------------------------------

    /// An error, or an end, where the rehearsal has an answer.
    void instead() {
        if (!at_end() && has_rehearsed()) {
            answered_otherwise(rehearsed().cause);
        }
    }

    void windows() {
        if (at_end() || captured().icmp) {
            return;
        }
        const Line& line = captured();
        const std::string words = here(fmt::format("the window is {} bytes", line.offered));
        if (draft().service.empty() && draft().script.empty()) {
            Draft hold = draft();
            hold.service = "hold";
            drafts().push_back(std::move(hold));
        }
        for (const Moment& moment : moments_before(position(), line.cause, line.at)) {
            const Duration late = line.at - moment.at - scene().rtt;
            if (has_rehearsed() && rehearsed().offered > line.offered) {
                add(moment, {"stop-reading"}, words, late);
            } else {
                add(moment, {"resume-reading"}, words, late);
                add(moment, {"{window: auto}"}, words, late);
            }
            add(moment, {fmt::format("{{window: {}}}", line.offered)}, words, late);
        }
        add({"start", {}, {}}, {fmt::format("{{window: {}}}", line.offered)}, words);
        add({"start", {}, {}}, {"stop-reading"}, words);
    }

    /// An honest peer protests where the two have parted long before: nothing is made of that.
    [[nodiscard]] bool is_protest() const {
        const wire::Flags told = captured().segment.flags;
        return rehearsed().reason == tcp::Reason::rst
                   ? !told.has(Flags::rst)
                   : rehearsed().reason == tcp::Reason::challenge_ack && !plain_ack(captured());
    }

    void changed() {
        if (at_end() || !has_rehearsed() || captured().icmp || rehearsed().icmp ||
            !rehearsed().reason || is_protest()) {
            return;
        }
        const std::string action = overwritten(position(), captured(), rehearsed());
        if (action.empty()) {
            return;
        }
        const std::string words = here(in_words(captured()));
        if (action == "{set: {timestamps: off}}") {
            add({"[send ack, send data, send fin, send ack-of-fin, send window-update]", {}, {}},
                {action}, words);
        }
        add({reason(), {}, {}}, {action}, words);
        add({reason(), {number_of_reason()}, {}}, {action}, words);
    }
};

}  // namespace

std::vector<Draft> propose(const Position& position, const Draft& draft) {
    return Proposer(position, draft).propose();
}

}  // namespace ghostpeer::learn
