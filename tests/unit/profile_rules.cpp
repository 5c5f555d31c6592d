#include "profile_samples.hpp"

#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::testing;
using namespace std::chrono_literals;
using profile::Range;

namespace {

std::vector<std::string> events(const std::string& on) {
    std::vector<std::string> result;
    for (const auto& event : loaded_rule("{on: " + on + ", do: {log: x}}").on) {
        result.push_back(to_string(event));
    }
    return result;
}

using Words = std::vector<std::string>;

profile::Action action(const std::string& text) {
    auto actions = loaded_rule("{on: receive data, do: " + text + "}").actions;
    REQUIRE(actions.size() == 1);
    return actions.front();
}

template <class Kind>
Kind action_of(const std::string& text) {
    const auto found = action(text);
    REQUIRE(std::holds_alternative<Kind>(found));
    return std::get<Kind>(found);
}

profile::Filters filters(const std::string& text) {
    return loaded_rule("{on: receive data, do: drop, " + text + "}").filters;
}

bool same(const std::optional<Range>& range, std::uint64_t least, std::uint64_t most) {
    return range && range->least == least && range->most == most;
}

constexpr auto no_end = UINT64_MAX;

}  // namespace

TEST_CASE("a rule knows its place and number") {
    const auto rules = loaded(
                           "rules:\n  - on: receive syn\n    do: drop\n"
                           "  - {on: start, do: close, optional: true}\n")
                           .rules;
    REQUIRE(rules.size() == 2);
    CHECK(*rules[0].place.file == "p.yaml");
    CHECK(rules[0].place.line == 3);
    CHECK(rules[0].place.column == 5);
    CHECK(rules[0].id == 0);
    CHECK_FALSE(rules[0].optional);
    CHECK(rules[1].id == 1);
    CHECK(rules[1].place.line == 5);
    CHECK(rules[1].optional);
}

TEST_CASE("every event can be named, alone and in a list") {
    CHECK(events("receive any") == Words{"receive any"});
    CHECK(events("receive   window-probe") == Words{"receive window-probe"});
    CHECK(events("send window-probe-reply") == Words{"send window-probe-reply"});
    CHECK(events("enter time-wait") == Words{"enter time-wait"});
    CHECK(events("start") == Words{"start"});
    CHECK(events("received 4KiB") == Words{"received 4096"});
    CHECK(events("sent 1MB") == Words{"sent 1000000"});
    CHECK(events("idle 1.5s") == Words{"idle 1500ms"});
    CHECK(events("[receive data, receive fin, start]") ==
          Words{"receive data", "receive fin", "start"});
}

TEST_CASE("`on` may be quoted, and JSON is YAML") {
    const auto rules = loaded("rules: [{\"on\": \"receive data\", 'do': [\"drop\"]}]\n").rules;
    REQUIRE(rules.size() == 1);
    CHECK(to_string(rules[0].on[0]) == "receive data");
    const auto json = profile::load_text(
        R"({"summary": "x", "rules": [{"on": ["start"], "first": 1, "do": {"delay": "5ms"}}]})",
        "p.json");
    CHECK(
        profile::to_string(json.errors) ==
        "p.json:1:64: `delay` needs a segment, and `start` has none\n"
        "{\"summary\": \"x\", \"rules\": [{\"on\": [\"start\"], \"first\": 1, \"do\": {\"delay\": "
        "\"5ms\"}}]}\n"
        "                                                               ^\n");
}

TEST_CASE("counts: first, nth, every, probability") {
    CHECK(same(filters("first: 3").nth, 1, 3));
    CHECK(same(filters("nth: 2").nth, 2, 2));
    CHECK(same(filters("nth: 2..4").nth, 2, 4));
    CHECK(same(filters("nth: \"2..\"").nth, 2, no_end));
    CHECK(filters("every: 7").every == 7);
    CHECK(filters("probability: 30%").probability == doctest::Approx(0.3));
    CHECK(filters("probability: 0.5%").probability == doctest::Approx(0.005));
    CHECK(filters("probability: 100%").probability == 1.0);
    CHECK(loaded_rule("{on: receive data, do: drop, probability: 1%}").optional);
    CHECK(loaded_rule("{on: start, do: close, after: 5s}").filters.after == 5s);
}

TEST_CASE("when: numbers and ranges in every form, quoted or not") {
    CHECK(same(filters("when: {length: 5}").when.length, 5, 5));
    CHECK(same(filters("when: {length: '>= 5'}").when.length, 5, no_end));
    CHECK(same(filters("when: {length: '>=5'}").when.length, 5, no_end));
    CHECK(same(filters("when: {length: '<= 5'}").when.length, 0, 5));
    CHECK(same(filters("when: {length: '> 5'}").when.length, 6, no_end));
    CHECK(same(filters("when: {length: < 5}").when.length, 0, 4));
    CHECK(same(filters("when: {length: 2..4}").when.length, 2, 4));
    CHECK(same(filters("when: {length: '2 .. 4'}").when.length, 2, 4));
    CHECK(same(filters("when: {length: 2..}").when.length, 2, no_end));
    CHECK(same(filters("when: {length: ..4}").when.length, 0, 4));
    CHECK(same(filters("when: {received: 1KiB..2KiB}").when.received, 1024, 2048));
    CHECK(same(filters("when: {elapsed: '>= 5s'}").when.elapsed, 5'000'000'000, no_end));
    CHECK(same(filters("when: {elapsed: 1.5s..2s}").when.elapsed, 1'500'000'000, 2'000'000'000));
}

TEST_CASE("when: all the rest") {
    const auto when = filters(
                          "when: {state: [established, close-wait], attempt: 2.., port: 80, "
                          "packet_length: 40, sent: 0, retransmitted: true, flags: AP}")
                          .when;
    CHECK(when.states == std::vector{tcp::State::established, tcp::State::close_wait});
    CHECK(same(when.attempt, 2, no_end));
    CHECK(same(when.port, 80, 80));
    CHECK(same(when.packet_length, 40, 40));
    CHECK(same(when.sent, 0, 0));
    CHECK(when.retransmitted == true);
    CHECK(when.flags == wire::Flags{wire::Flags::psh | wire::Flags::ack});
    CHECK(filters("when: {flags: ''}").when.flags == wire::Flags{});
    CHECK(loaded_rule("{on: receive any, when: {flags: CEUAPRSF}, do: drop}").filters.when.flags ==
          wire::Flags{0xff});
    CHECK(filters("when: {state: established}").when.states.size() == 1);
}

TEST_CASE("every action, as a word or with its value") {
    action_of<profile::Drop>("drop");
    CHECK(action_of<profile::Delay>("{delay: 50ms}").length == 50ms);
    CHECK(action_of<profile::Duplicate>("{duplicate: 3}").copies == 3);
    CHECK(action_of<profile::Duplicate>("duplicate").copies == 1);
    action_of<profile::Close>("close");
    action_of<profile::Shutdown>("{shutdown: }");
    action_of<profile::Forget>("forget");
    action_of<profile::StopReading>("stop-reading");
    action_of<profile::ResumeReading>("resume-reading");
    CHECK(action_of<profile::SetWindow>("{window: 4KiB}").bytes == 4096);
    CHECK(action_of<profile::SetWindow>("{window: 0}").bytes == 0);
    CHECK_FALSE(action_of<profile::SetWindow>("{window: auto}").bytes);
    action_of<profile::StopAcking>("stop-acking");
    action_of<profile::ResumeAcking>("resume-acking");
    using profile::Direction;
    CHECK(action_of<profile::Blackhole>("blackhole").direction == Direction::both);
    CHECK(action_of<profile::Blackhole>("{blackhole: in}").direction == Direction::in);
    CHECK(action_of<profile::Blackhole>("{blackhole: out}").direction == Direction::out);
    action_of<profile::Revive>("revive");
    CHECK(action_of<profile::Log>("{log: 'a: b'}").text == "a: b");
    CHECK_FALSE(action_of<profile::Finish>("finish").all);
    CHECK(action_of<profile::Finish>("{finish: all}").all);
}

TEST_CASE("several actions in a list, in order") {
    const auto actions =
        loaded_rule("{on: receive data, do: [drop, {log: x}, {say: a}, close, finish]}").actions;
    Words names;
    for (const auto& each : actions) {
        names.emplace_back(name(each));
    }
    CHECK(names == Words{"drop", "log", "say", "close", "finish"});
}

TEST_CASE("say: a text, a file's content, or bytes") {
    const auto text = action_of<profile::Say>("{say: \"a\\r\\n\"}");
    REQUIRE(text.content);
    CHECK(*text.content == wire::Bytes{'a', '\r', '\n'});
    CHECK(*action_of<profile::Say>("{say: {text: ab}}").content == wire::Bytes{'a', 'b'});
    const auto made_up = action_of<profile::Say>("{say: {bytes: 4KiB}}");
    CHECK(made_up.content == nullptr);
    CHECK(made_up.generated == 4096);
}

TEST_CASE("reset: bare, and with sums of names and numbers") {
    using profile::Name;
    CHECK_FALSE(action_of<profile::Reset>("reset").seq);
    const auto reset = action_of<profile::Reset>("{reset: {seq: snd.nxt + snd.wnd-1, ack: 4711}}");
    REQUIRE(reset.seq);
    REQUIRE(reset.seq->terms.size() == 3);
    CHECK(reset.seq->terms[0].name == Name::snd_nxt);
    CHECK(reset.seq->terms[1].name == Name::snd_wnd);
    CHECK_FALSE(reset.seq->terms[1].negative);
    CHECK(reset.seq->terms[2].name == Name::number);
    CHECK(reset.seq->terms[2].value == 1);
    CHECK(reset.seq->terms[2].negative);
    REQUIRE(reset.ack);
    CHECK(reset.ack->terms[0].value == 4711);
    CHECK(action_of<profile::Reset>("{reset: {seq: seg.end}}").seq->terms[0].name == Name::seg_end);
    CHECK_FALSE(action_of<profile::Reset>("{reset: {seq: iss}}").ack);
}

TEST_CASE("rules: their source is kept as it is written") {
    const auto result = profile::load_text(
        "summary: x\nrules:\n  - on: receive data\n    first: 1\n\n    do:\n      - drop\n\n"
        "  - {on: send fin, do: drop}\n  # of the next\n",
        "x.yaml");
    REQUIRE(result.profile);
    REQUIRE(result.profile->rules.size() == 2);
    CHECK(result.profile->rules[0].source == "- on: receive data\n  first: 1\n\n  do:\n    - drop");
    CHECK(result.profile->rules[1].source == "- {on: send fin, do: drop}");
}
