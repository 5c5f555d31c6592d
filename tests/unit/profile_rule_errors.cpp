// The exact text of everything that can be wrong with a rule.
#include "profile_samples.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

std::string on(const std::string& event) {
    return rule_problems("{on: " + event + ", do: {log: x}}");
}
std::string act(const std::string& action) {
    return rule_problems("{on: receive data, do: " + action + "}");
}
std::string filter(const std::string& text) {
    return rule_problems("{on: receive data, do: drop, " + text + "}");
}

}  // namespace

TEST_CASE("an unknown word comes with its place and the nearest known one") {
    CHECK(errors_of("summary: x\nrules:\n  - on: receive keepalive-prob\n    do: dropp\n") ==
          "p.yaml:3:9: there is no kind of segment `keepalive-prob`; did you mean "
          "`keepalive-probe`?\n"
          "  - on: receive keepalive-prob\n"
          "        ^\n"
          "p.yaml:4:9: there is no action `dropp`; did you mean `drop`?\n"
          "    do: dropp\n"
          "        ^\n");
}

TEST_CASE("events that are none") {
    CHECK(on("recieve data") == "there is no event `recieve`; did you mean `receive`?\n");
    CHECK(on("sometimes") ==
          "there is no event `sometimes`; known are `receive`, `send`, `enter`, "
          "`start`, `received`, `sent`, `idle`, `command`, `request` and `response`\n");
    CHECK(on("receive") == "`receive` needs a kind of segment, as in `receive data`\n");
    CHECK(on("receive synack") ==
          "there is no kind of segment `synack`; did you mean `syn-ack`?\n");
    CHECK(on("send") == "`send` needs a reason, as in `send syn-ack`\n");
    CHECK(on("send chalenge-ack") ==
          "there is no reason to send `chalenge-ack`; did you mean `challenge-ack`?\n");
    CHECK(on("enter") == "`enter` needs a state, as in `enter established`\n");
    CHECK(on("enter establised") ==
          "there is no state `establised` that a connection enters; did you mean `established`?\n");
    CHECK(on("enter listen") ==
          "there is no state `listen` that a connection enters; known are `syn-received`, "
          "`established`, `fin-wait-1`, `fin-wait-2`, `close-wait`, `closing`, `last-ack`, "
          "`time-wait` and `closed`\n");
    CHECK(on("start now") == "`start` stands alone, without `now`\n");
    CHECK(on("received") == "`received` needs a size, as in `received 4KiB`\n");
    CHECK(on("received 4KX") == "`4KX` is not a size; write one such as `1000`, `4KiB` or `1MB`\n");
    CHECK(on("sent 0") ==
          "`sent 0` cannot be waited for; for the beginning write `start` or `enter "
          "established`\n");
    CHECK(on("idle") == "`idle` needs a time, as in `idle 5s`\n");
    CHECK(on("idle 5") ==
          "`5` is not a time; write one such as `250ms`, `5s`, `2m` or `1h`, up to "
          "10000h\n");
    CHECK(on("idle 0s") == "`idle` needs a time above 0\n");
    CHECK(on("[]") == "`on` names no event\n");
    CHECK(on("{receive: data}") ==
          "`on` takes an event such as `receive data`, or a list of them, not a map\n");
    CHECK(on("[[start]]") == "an event is a text such as `receive data`, not a list\n");
    CHECK(on("") ==
          "`on` has no value; it takes an event such as `receive data`, or a list of "
          "them\n");
    CHECK(on("[start, start]") == "the event `start` stands twice in `on`\n");
}

TEST_CASE("actions that are none") {
    CHECK(act("dorp") == "there is no action `dorp`; did you mean `drop`?\n");
    CHECK(
        act("{hang-up: 5s}").starts_with("there is no action `hang-up`; known are `drop`, `delay"));
    CHECK(act("[]") == "`do` names no action\n");
    CHECK(act("{}") == "`{}` names no action\n");
    CHECK(act("[[drop]]") ==
          "an action is a word such as `drop` or a map such as `{delay: 50ms}`, not a list\n");
    CHECK(act("") == "`do` has no value; it takes an action such as `drop`, or a list of them\n");
    CHECK(act("{delay: 5s, log: x}") ==
          "one map holds one action; write a list for `delay` and `log`\n");
}

TEST_CASE("actions with a wrong value") {
    CHECK(act("{drop: 5}") == "`drop` takes no value\n");
    CHECK(act("{connect: 5}") ==
          "`connect` takes nothing or a map with `isn` and `tsval`, not `5`\n");
    CHECK(act("[connect, connect]") == "`connect` stands twice in one rule\n");
    CHECK(act("delay") ==
          "`delay` has no value; it takes a time such as `250ms`, `5s`, `2m` or "
          "`1h`, up to 10000h\n");
    CHECK(act("{delay: 5}") ==
          "`delay` takes a time such as `250ms`, `5s`, `2m` or `1h`, up to "
          "10000h, not `5`\n");
    CHECK(act("{duplicate: 0}") == "`duplicate` takes a whole number from 1 to 1000, not `0`\n");
    CHECK(act("{window: wide}") ==
          "`window` takes `auto` or a size such as `1000`, `4KiB` or "
          "`1MB` from 0 to 1073741824, not `wide`\n");
    CHECK(act("{finish: now}") ==
          "`finish` takes nothing (to end the run at once) or `all`, not `now`\n");
    CHECK(act("{blackhole: up}") ==
          "`blackhole` takes nothing (for both directions), `in` or `out`, not `up`\n");
    CHECK(act("log") == "`log` has no value; it takes a text\n");
    CHECK(act("{log: [a]}") == "`log` takes a text, not a list\n");
    CHECK(act("{say: ''}") == "`say` needs at least one byte\n");
    CHECK(act("say") ==
          "`say` has no value; it takes a text, or a map with `text`, `hex`, `base64`, `file` or "
          "`bytes`\n");
    CHECK(act("{say: {}}") == "`say` takes one of `text`, `hex`, `base64`, `file` and `bytes`\n");
    CHECK(act("{say: {text: a, bytes: 1}}") ==
          "`say` takes one of `text`, `hex`, `base64`, `file` and `bytes`\n");
    CHECK(act("{say: {byte: 1}}") == "there is no key `byte` in `say`; did you mean `bytes`?\n");
    CHECK(act("{say: {bytes: 0}}") ==
          "`bytes` takes a size such as `1000`, `4KiB` or `1MB` of at least 1, not `0`\n");
    CHECK(act("{say: {file: no/such}}") ==
          "the file `no/such` cannot be read: No such file or directory\n");
    CHECK(act("{say: {file: /}}") == "the file `/` cannot be read: it is a directory\n");
    CHECK(act("{say: {file: /dev/zero}}") ==
          "the file `/dev/zero` cannot be read: it is not a regular file\n");
}

TEST_CASE("reset takes sequence numbers only") {
    CHECK(act("{reset: 5}") == "`reset` takes nothing or a map with `seq` and `ack`, not `5`\n");
    CHECK(act("{reset: {sqe: 5}}") == "there is no key `sqe` in `reset`; did you mean `seq`?\n");
    CHECK(act("{reset: {seq: snd.nx}}") ==
          "there is no sequence number `snd.nx`; did you mean `snd.nxt`?\n");
    CHECK(act("{reset: {seq: ts.now}}") ==
          "`ts.now` is a timestamp and cannot stand in a sequence number\n");
    CHECK(act("{reset: {seq: 4294967296}}") ==
          "`4294967296` is no sequence number; they end at 4294967295\n");
    CHECK(act("{reset: {seq: snd.nxt+}}") ==
          "`seq` takes a sequence number: the wire's, or a sum such as `snd.nxt+snd.wnd` or "
          "`rcv.nxt-1000`, not `snd.nxt+`\n");
    CHECK(rule_problems("{on: start, do: {reset: {seq: seg.ack}}}") ==
          "`seg.seq`, `seg.ack` and `seg.end` need a segment, and `start` has none\n");
}

TEST_CASE("filters that never match") {
    CHECK(filter("first: 0") == "`first: 0` never matches: matches are counted from 1\n");
    CHECK(filter("nth: 0") == "`nth: 0` never matches: matches are counted from 1\n");
    CHECK(filter("nth: 0..2") == "`nth: 0..2` never matches: matches are counted from 1\n");
    CHECK(filter("nth: 5..2") == "`nth: 5..2` never matches: the range ends before it begins\n");
    CHECK(filter("every: 0") ==
          "`every: 0` never matches: write 1 for each match, 2 for each second one\n");
    CHECK(filter("probability: 0%") == "`probability: 0%` never matches: it has to be above 0%\n");
    CHECK(filter("first: 1, nth: 2") ==
          "`first` and `nth` cannot stand together; `first: N` is `nth: 1..N`\n");
    CHECK(filter("first: 3, every: 4") ==
          "`every: 4` never matches: `first` leaves no multiple of it\n");
    CHECK(filter("nth: 5..7, every: 4") ==
          "`every: 4` never matches: `nth` leaves no multiple of it\n");
    CHECK(filter("nth: 5..8, every: 4") == "");
    CHECK(filter("when: {length: 5..2}") ==
          "`length` can never be `5..2`: nothing is in that range\n");
    CHECK(filter("when: {length: < 0}") ==
          "`length` can never be `< 0`: nothing is in that range\n");
    CHECK(filter("when: {length: 65536}") ==
          "`length` can never be `65536`: it is from 0 to 65535\n");
    CHECK(filter("when: {packet_length: < 40}") ==
          "`packet_length` can never be `< 40`: it is from 40 to 65575\n");
    CHECK(filter("when: {family: 5}") == "`family` takes `4` or `6`, the version of IP, not `5`\n");
    CHECK(filter("when: {address: 198.18.0.1/24}") ==
          "`198.18.0.1/24` is neither an address nor a block of them, such as `198.18.64.0/24` "
          "(where all bits behind the prefix are 0)\n");
    CHECK(filter("when: {address: []}") == "`address` names one to 100 blocks of addresses\n");
    CHECK(filter("when: {port: 0}") == "`port` can never be `0`: it is from 1 to 65535\n");
    CHECK(filter("when: {attempt: 0}") == "`attempt` can never be `0`: it is counted from 1\n");
    CHECK(filter("when: {length: 0}") == "`receive data` never has `length: 0`\n");
    CHECK(rule_problems("{on: receive ack, when: {length: '> 0'}, do: drop}") ==
          "`receive ack` never has `length: > 0`\n");
    CHECK(rule_problems("{on: receive syn, when: {flags: SA}, do: drop}") ==
          "`receive syn` never has `flags: SA`\n");
    CHECK(rule_problems("{on: receive syn, when: {flags: SEC}, do: drop}") == "");
    CHECK(rule_problems("{on: receive rst, when: {flags: A}, do: drop}") ==
          "`receive rst` never has `flags: A`\n");
    CHECK(rule_problems("{on: enter established, when: {state: closing}, do: close}") ==
          "`enter established` never matches: the state is then `established`\n");
    CHECK(rule_problems("{on: start, nth: 2, do: close}") ==
          "`start` happens once on a connection, so `nth: 2` never matches\n");
    CHECK(rule_problems("{on: received 5, every: 2, do: close}") ==
          "`received 5` happens once on a connection, so `every: 2` never matches\n");
}

TEST_CASE("filters with a wrong value") {
    CHECK(filter("first: some") == "`first` takes a whole number of at least 1, not `some`\n");
    CHECK(filter("nth: '>= 2'") ==
          "`nth` takes a match's number or a range such as `2`, `2..4` or `2..`, not `>= 2`\n");
    CHECK(filter("every: -1") == "`every` takes a whole number of at least 1, not `-1`\n");
    CHECK(filter("probability: 0.3") ==
          "`probability` takes a percentage such as `30%`, up to 100%, not `0.3`\n");
    CHECK(filter("probability: 101%") ==
          "`probability` takes a percentage such as `30%`, up to 100%, not `101%`\n");
    CHECK(rule_problems("{on: start, do: close, after: 5}") ==
          "`after` takes a time such as `250ms`, `5s`, `2m` or `1h`, up to 10000h, not `5`\n");
    CHECK(filter("optional: perhaps") == "`optional` takes `true` or `false`, not `perhaps`\n");
    CHECK(filter("when: data") ==
          "`when` takes a map of conditions such as `{length: 0}`, not "
          "`data`\n");
    CHECK(filter("when: {lenght: 1}") ==
          "there is no filter `lenght` in `when`; did you mean `length`?\n");
    CHECK(filter("when: {port: http}") ==
          "`port` takes a number or a range such as `5`, `\">= 5\"` or `\"2..4\"`, not `http`\n");
    CHECK(filter("when: {received: many}") ==
          "`received` takes a size or a range such as `4KiB`, `\">= 1MB\"` or `\"1000..2000\"`, "
          "not `many`\n");
    CHECK(filter("when: {elapsed: '>= 5'}") ==
          "`elapsed` takes a time or a range such as `\">= 5s\"` or `\"1s..1.5s\"`, not `>= 5`\n");
    CHECK(filter("when: {flags: SX}") ==
          "`flags` takes letters of `SFRPAUEC`, each once, not `SX`\n");
    CHECK(filter("when: {flags: AA}") ==
          "`flags` takes letters of `SFRPAUEC`, each once, not `AA`\n");
    CHECK(filter("when: {state: establshed}") ==
          "there is no state `establshed`; did you mean `established`?\n");
    CHECK(filter("when: {state: []}") == "`state` names no state\n");
    CHECK(filter("when: {retransmitted: 2}") ==
          "`retransmitted` takes `true` or `false`, not `2`\n");
}

TEST_CASE("what an event has not, no filter and no action of its rule can use") {
    CHECK(rule_problems("{on: idle 5s, do: drop}") ==
          "`drop` needs a segment, and `idle 5s` has none\n");
    CHECK(rule_problems("{on: start, do: {delay: 5s}}") ==
          "`delay` needs a segment, and `start` has none\n");
    CHECK(rule_problems("{on: [receive data, enter closed], do: {duplicate: 2}}") ==
          "`duplicate` needs a segment, and `enter closed` has none\n");
    CHECK(rule_problems("{on: idle 5s, when: {length: 1}, do: close}") ==
          "the filter `length` needs a segment, and `idle 5s` has none\n");
    CHECK(rule_problems("{on: enter established, when: {retransmitted: true}, do: close}") ==
          "the filter `retransmitted` needs a segment, and `enter established` has none\n");
    CHECK(rule_problems("{on: start, when: {flags: S}, do: close}") ==
          "the filter `flags` needs a segment, and `start` has none\n");
    CHECK(rule_problems("{on: sent 5, when: {packet_length: 50}, do: close}") ==
          "the filter `packet_length` needs a segment, and `sent 5` has none\n");
}

TEST_CASE("actions that contradict each other") {
    const std::string late =
        " cannot come `after` a time: what becomes of a segment is decided at "
        "once\n";
    CHECK(filter("after: 5s") == "`drop`" + late);
    CHECK(rule_problems("{on: receive data, after: 1s, do: {delay: 1s}}") == "`delay`" + late);
    CHECK(act("[drop, {delay: 5s}]") ==
          "`delay` cannot follow `drop`, which has decided what becomes of the segment\n");
    CHECK(act("[stop-reading, resume-reading]") ==
          "`resume-reading` undoes `stop-reading` of the same rule\n");
    CHECK(act("[revive, blackhole]") == "`blackhole` undoes `revive` of the same rule\n");
    CHECK(act("[finish, finish]") == "`finish` stands twice in one rule\n");
    CHECK(act("[reset, {say: x}]") == "`say` cannot follow `reset`: the connection is gone then\n");
    CHECK(act("[forget, close]") ==
          "`close` cannot follow `forget`: the connection is gone then\n");
    CHECK(act("[shutdown, {say: x}]") ==
          "`say` cannot follow `shutdown`: the peer has finished sending then\n");
    CHECK(act("[close, shutdown]") ==
          "`shutdown` cannot follow `close`: the peer has finished sending then\n");
    CHECK(act("[{say: x}, shutdown, {say: y}]") ==
          "`say` cannot follow `shutdown`: the peer has finished sending then\n");
    CHECK(act("[close, stop-reading]") ==
          "`stop-reading` cannot follow `close`: nobody is there to read then\n");
    CHECK(act("[{say: x}, {say: y}, shutdown, close, {log: a}, {log: b}]") == "");
    CHECK(act("[drop, reset, blackhole, finish]") == "");
}

TEST_CASE("actions that come when their time is over") {
    const std::string over = ": the peer has sent its FIN, or the connection is gone\n";
    for (const std::string state : {"fin-wait-2", "last-ack", "closed"}) {
        std::string rule = "{on: enter ";
        rule.append(state).append(", do: [{log: a}, {say: x}]}");
        std::string problem = "`say` cannot come on `enter ";
        problem.append(state).append("`").append(over);
        CHECK(rule_problems(rule) == problem);
    }
    CHECK(rule_problems("{on: [enter closing, enter last-ack], do: close}") ==
          "`close` cannot come on `enter closing`" + over);
    CHECK(rule_problems("{on: enter time-wait, do: reset}") ==
          "`reset` cannot come on `enter time-wait`" + over);
    CHECK(rule_problems("{on: enter fin-wait-1, do: close}") == "");
    CHECK(rule_problems("{on: [enter close-wait, enter closed], do: {say: x}}") == "");
    CHECK(rule_problems("{on: enter closed, do: [connect, {say: x}]}") == "");
    CHECK(rule_problems("{on: enter closed, after: 1s, do: {say: x}}") == "");
}

TEST_CASE("rules that are none") {
    CHECK(rule_problems("{do: drop}") == "this rule has no `on`: the event that it waits for\n");
    CHECK(rule_problems("{on: start}") == "this rule has no `do`: the action that it takes\n");
    CHECK(rule_problems("drop") == "a rule is a map with `on` and `do`, not a word\n");
    CHECK(rule_problems("{on: start, do: close, firts: 1}") ==
          "there is no key `firts` in a rule; did you mean `first`?\n");
    CHECK(problems("rules: drop\n") == "1:8 `rules` takes a list of rules, not `drop`\n");
}
