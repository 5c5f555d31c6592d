// Actions of control requests: a snippet of YAML or JSON, and exact messages.
#include "ghostpeer/profile/action_text.hpp"

#include <doctest/doctest.h>

using namespace ghostpeer;
using profile::parse_actions;

namespace {

std::string words(std::string_view text, const std::vector<std::string>& phases = {}) {
    const auto actions = parse_actions(text, phases);
    if (!actions) {
        return actions.error().empty() ? "no message" : actions.error().front().message;
    }
    std::string all;
    for (const auto& action : *actions) {
        all += (all.empty() ? "" : " ") + std::string(profile::name(action));
    }
    return all;
}

}  // namespace

TEST_CASE("a request's actions are what `do` takes, in YAML and in JSON") {
    CHECK(words("blackhole") == "blackhole");
    CHECK(words("\"blackhole\"") == "blackhole");
    CHECK(words("{window: 0}") == "window");
    CHECK(words(R"({"window": "4KiB"})") == "window");
    CHECK(words(R"(["stop-reading", {"say": "hello\r\n"}, "close"])") == "stop-reading say close");
    CHECK(words("{become: dead}", {"dead"}) == "become");
    CHECK(words("{icmp: host-unreachable}") == "icmp");
    CHECK(words("{reset: {seq: snd.nxt+1}}") == "reset");
    CHECK(words("finish") == "finish");
    const auto say = parse_actions(R"({"say": {"text": "a\u0000b"}})");
    REQUIRE(say);
    CHECK(std::get<profile::Say>(say->front()).content->size() == 3);
}

TEST_CASE("a request's mistakes have messages of their own") {
    CHECK(words("blackhol") == "there is no action `blackhol`; did you mean `blackhole`?");
    CHECK(words("") != "");
    CHECK(words("[]") == "`do` names no action");
    CHECK(words("{}") == "`{}` names no action");
    CHECK(words("drop") == "`drop` needs a segment, and a control request has none");
    CHECK(words("{delay: 5ms}") == "`delay` needs a segment, and a control request has none");
    CHECK(words("{set: {window: 0}}") == "`set` needs a segment, and a control request has none");
    CHECK(words("{reset: {seq: seg.seq}}") ==
          "`seg.seq`, `seg.ack` and `seg.end` need a segment, and a control request has none");
    CHECK(words("{say: {file: /etc/passwd}}") ==
          "a control request cannot name a file; send its bytes as `say: {text: …}`");
    CHECK(words("[{say: x}, {say: {file: /etc/passwd}}]") ==
          "a control request cannot name a file; send its bytes as `say: {text: …}`");
    CHECK(words("[blackhole, revive]") == "`revive` undoes `blackhole` of the same rule");
    CHECK(words("{become: dead}") == "there is no phase `dead`; the profile has no `phases`");
    CHECK(words("[reset, close]") == "`close` cannot follow `reset`: the connection is gone then");
    CHECK(words("{window: 99999999999}").find("window") != std::string::npos);
    CHECK(words("[[[[") != "");
    CHECK(words(std::string("bl\0ck", 5)) != "");
    CHECK(words(std::string(100'000, '[')) != "");
    CHECK(words("&a [*a]") != "");
}

TEST_CASE("a request has so many actions, and no more") {
    std::string text = "[{log: x}";
    for (int i = 0; i < 20'000; ++i) {
        text += ", {log: x}";
    }
    const auto actions = ghostpeer::profile::parse_actions(text + "]", {});
    REQUIRE_FALSE(actions);
    CHECK(actions.error().front().message.find("more than 8192 values") != std::string::npos);
}
