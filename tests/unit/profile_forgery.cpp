// `corrupt`, `set`, `fragment`, `send` and `icmp`: what the loader makes of them, and refuses.
#include "profile_samples.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using profile::Corrupt;
using profile::Icmp;
using profile::SegmentFields;
using wire::IcmpKind;

namespace {

profile::Action action(const std::string& text, const std::string& on = "receive data") {
    auto rule = loaded_rule("{on: " + on + ", do: " + text + "}");
    REQUIRE(rule.actions.size() == 1);
    return rule.actions.front();
}
SegmentFields fields(const std::string& text) {
    return *std::get<profile::Set>(action("{set: " + text + "}")).fields;
}
Icmp icmp(const std::string& text) { return std::get<Icmp>(action("{icmp: " + text + "}")); }

std::string act(const std::string& text, const std::string& on = "receive data") {
    return rule_problems("{on: " + on + ", do: " + text + "}");
}
std::string set(const std::string& text) { return act("{set: " + text + "}"); }

}  // namespace

TEST_CASE("corrupt and fragment are read") {
    CHECK(std::get<Corrupt>(action("{corrupt: tcp-checksum}")).what == Corrupt::What::tcp_checksum);
    CHECK(std::get<Corrupt>(action("{corrupt: ip-checksum}")).what == Corrupt::What::ip_checksum);
    CHECK(std::get<Corrupt>(action("{corrupt: payload}")).what == Corrupt::What::payload);
    CHECK(std::get<profile::Fragment>(action("{fragment: 1KiB}", "send data")).size == 1024);
}

TEST_CASE("the fields of set and send are read") {
    const auto all = fields(
        "{seq: 1, ack: seg.end, window: 65535, flags: SFRPAUEC, mss: 0, window_scale: 255, "
        "sack_permitted: on, sack: [[1, 2], [3, 4]], tsval: ts.now-5, tsecr: ts.recent, urgent: 7, "
        "ttl: 0, tos: 255, ecn: ect0, payload: x, data_offset: 15, reserved: 15, "
        "total_length: 65535}");
    CHECK(all.names.size() == 18);
    CHECK(all.names.front() == "seq");
    CHECK(all.window == 65'535);
    CHECK(all.flags->bits == 0xff);
    REQUIRE(all.mss);
    CHECK(*all.mss == 0);
    CHECK(all.sack->size() == 2);
    CHECK(all.sack_permitted == true);
    CHECK(all.tsval->terms.size() == 2);
    CHECK(all.ecn == 2);
    CHECK(*all.payload == wire::Bytes{'x'});
    const auto none = fields(
        "{mss: off, window_scale: off, sack: off, sack_permitted: off, "
        "timestamps: off, payload: ''}");
    REQUIRE(none.mss);
    CHECK_FALSE(none.mss->has_value());
    CHECK_FALSE(none.window_scale->has_value());
    CHECK(none.sack->empty());
    CHECK(none.no_timestamps);
    REQUIRE(none.payload);
    CHECK(none.payload->empty());
    CHECK(fields("{options: 02 04 05b4}").options == wire::Bytes{2, 4, 5, 180});
    CHECK(fields("{options: 'fF'}").options == wire::Bytes{255});
    CHECK(fields("{options: ''}").options == wire::Bytes{});
    CHECK(fields("{ecn: 3}").ecn == 3);
    CHECK(fields("{payload: {bytes: 252}}").payload->back() == 0);
    CHECK(fields("{payload: {text: ''}}").payload->empty());
    CHECK(std::get<profile::Send>(action("send", "start")).fields->names.empty());
    CHECK(std::get<profile::Send>(action("{send: {flags: R}}", "start")).fields->flags);
    const Folder folder;
    folder.write("words", "abc");
    const auto path = folder.write(
        "p.yaml", "summary: x\nrules: [{on: start, do: {send: {payload: {file: words}}}}]\n");
    const auto result = profile::load(path);
    REQUIRE(result.profile);
    const auto& sent = std::get<profile::Send>(result.profile->rules[0].actions[0]);
    CHECK(*sent.fields->payload == wire::Bytes{'a', 'b', 'c'});
}

TEST_CASE("icmp is read in its short and its full forms") {
    CHECK(icmp("port-unreachable").message.kind == IcmpKind::port_unreachable);
    CHECK(icmp("ttl-exceeded").about == Icmp::About::fitting);
    const auto short_form = icmp("{frag-needed: 1200}");
    CHECK(short_form.message.kind == IcmpKind::fragmentation_needed);
    CHECK(short_form.message.mtu == 1200);
    const auto full = icmp("{kind: frag-needed, mtu: 576, about: last-received, seq: snd.una-1}");
    CHECK(full.message.mtu == 576);
    CHECK(full.about == Icmp::About::last_received);
    CHECK(full.seq->terms.size() == 2);
    CHECK(icmp("{frag-needed: 0, about: received}").about == Icmp::About::received);
}

TEST_CASE("what corrupt, fragment and icmp do not take") {
    CHECK(act("corrupt") ==
          "`corrupt` has no value; it takes `tcp-checksum`, `ip-checksum` or `payload`\n");
    CHECK(act("{corrupt: tcp-checksm}") ==
          "there is no kind of corruption `tcp-checksm`; did you mean `tcp-checksum`?\n");
    CHECK(act("{fragment: 7}", "send data") ==
          "`fragment` takes a size such as `1000`, `4KiB` or `1MB` from 8 to 65535, not `7`\n");
    CHECK(
        act("icmp") ==
        "`icmp` has no value; it takes a kind such as `port-unreachable`, or a map with `kind`\n");
    CHECK(act("{icmp: port-unreachble}") ==
          "there is no kind of ICMP error `port-unreachble`; did you mean `port-unreachable`?\n");
    CHECK(act("{icmp: redirect}") ==
          "`redirect` needs a gateway, as in `icmp: {kind: redirect, gateway: 198.18.255.1}`\n");
    CHECK(act("{icmp: {}}") == "`icmp` needs a `kind`\n");
    CHECK(act("{icmp: {mtu: 5}}") == "`icmp` needs a `kind`\n");
    CHECK(act("{icmp: {knd: x}}") ==
          "`icmp` needs a `kind`\nthere is no key `knd` in `icmp`; did you mean `kind`?\n");
    CHECK(act("{icmp: frag-needed}") ==
          "`frag-needed` needs an MTU, as in `icmp: {frag-needed: 1200}`\n");
    CHECK(act("{icmp: {kind: port-unreachable, mtu: 5}}") ==
          "only `frag-needed` tells an MTU, not `port-unreachable`\n");
    CHECK(act("{icmp: {kind: port-unreachable, frag-needed: 5}}") ==
          "`frag-needed` and `kind` both say what kind of error it is\n");
    CHECK(act("{icmp: {frag-needed: 65536}}") ==
          "`frag-needed` takes a whole number from 0 to 65535, not `65536`\n");
    CHECK(act("{icmp: {kind: port-unreachable, about: sent}}") ==
          "`about` takes `received` or `last-received`, not `sent`\n");
}

TEST_CASE("what set and send do not take") {
    CHECK(act("set") == "`set` has no value; it takes a map of fields such as `{window: 0}`\n");
    CHECK(set("{}") == "`set` names no field\n");
    CHECK(act("{send: {}}") == "`send` names no field\n");
    CHECK(act("{send: R}") ==
          "`send` takes nothing (for an ACK) or a map of fields such as `{flags: R}`, not `R`\n");
    CHECK(set("{sqe: 1}") == "there is no field `sqe` in `set`; did you mean `seq`?\n");
    CHECK(act("{send: {windw: 1}}") ==
          "there is no field `windw` in `send`; did you mean `window`?\n");
    CHECK(set("{window: 65536}") == "`window` takes a whole number from 0 to 65535, not `65536`\n");
    CHECK(set("{window: 4KiB}") == "`window` takes a whole number from 0 to 65535, not `4KiB`\n");
    CHECK(set("{mss: on}") == "`mss` takes `off` or a whole number from 0 to 65535, not `on`\n");
    CHECK(set("{window_scale: 256}") ==
          "`window_scale` takes `off` or a whole number from 0 to 255, not `256`\n");
    CHECK(set("{sack_permitted: 2}") == "`sack_permitted` takes `true` or `false`, not `2`\n");
    CHECK(set("{sack: 5}") ==
          "`sack` takes `off` or a list of blocks such as `[[rcv.nxt+100, rcv.nxt+200]]`, not "
          "`5`\n");
    CHECK(set("{sack: []}") == "`sack` takes one to four blocks\n");
    CHECK(set("{sack: [[1, 2], [1, 2], [1, 2], [1, 2], [1, 2]]}") ==
          "`sack` takes one to four blocks\n");
    CHECK(set("{sack: [1, 2]}") ==
          "a block of `sack` is a list of its left and right edge\n"
          "a block of `sack` is a list of its left and right edge\n");
    CHECK(set("{sack: [[1, x]]}").starts_with("there is no sequence number `x`; known are"));
    CHECK(set("{timestamps: on}") ==
          "`timestamps` takes `off` (`tsval` and `tsecr` take the values), not `on`\n");
    CHECK(set("{tsval: snd.nxt}") ==
          "`snd.nxt` is a sequence number and cannot stand in a timestamp\n");
    CHECK(set("{tsval: ts.noww}") == "there is no timestamp `ts.noww`; did you mean `ts.now`?\n");
    CHECK(set("{tsval: 4294967296}") == "`4294967296` is no timestamp; they end at 4294967295\n");
    CHECK(set("{tsecr: []}") ==
          "`tsecr` takes a timestamp: the wire's, or a sum such as `ts.now-1000` or `ts.recent`, "
          "not a list\n");
    CHECK(set("{ecn: ce1}") ==
          "`ecn` takes `not-ect`, `ect0`, `ect1`, `ce` or a whole number from 0 to 3, not `ce1`\n");
    CHECK(set("{payload: []}") ==
          "`payload` takes a text, or a map with `text`, `hex`, `base64`, `file` or `bytes`, not a "
          "list\n");
    CHECK(set("{payload: {text: a, bytes: 1}}") ==
          "`payload` takes one of `text`, `hex`, `base64`, `file` and `bytes`\n");
    CHECK(set("{payload: {bytes: 70000}}") ==
          "`bytes` takes a size such as `1000`, `4KiB` or `1MB` from 0 to 65495, not `70000`\n");
    CHECK(set("{payload: " + std::string(65'496, 'x') + "}") ==
          "`payload` is 65496 bytes, and one packet holds 65495 at most\n");
    CHECK(set("{options: 020}") ==
          "`options` takes pairs of hexadecimal digits such as `020405b4`, not `020`\n");
    CHECK(set("{options: 0x02}") ==
          "`options` takes pairs of hexadecimal digits such as `020405b4`, not `0x02`\n");
    CHECK(set("{options: " + std::string(82, '0') + "}") ==
          "`options` holds 41 bytes, and a header has room for 40\n");
    CHECK(set("{data_offset: 16}") ==
          "`data_offset` takes a whole number from 0 to 15, not `16`\n");
    CHECK(set("{options: '00', mss: 5}") ==
          "`mss` cannot stand beside `options`, which is the whole option area\n");
    CHECK(set("{timestamps: off, tsval: 5}") == "`tsval` cannot stand beside `timestamps: off`\n");
}

TEST_CASE("forged packets need the events that have what they need") {
    CHECK(act("{set: {window: 0}}", "start") == "`set` needs a segment, and `start` has none\n");
    CHECK(act("{corrupt: payload}", "idle 5s") ==
          "`corrupt` needs a segment, and `idle 5s` has none\n");
    CHECK(act("{fragment: 8}", "enter closed") ==
          "`fragment` needs a segment, and `enter closed` has none\n");
    CHECK(act("{fragment: 8}") ==
          "`fragment` is for segments that leave, and `receive data` is one that arrives\n");
    CHECK(act("{fragment: 8}", "[send data, receive fin]") ==
          "`fragment` is for segments that leave, and `receive fin` is one that arrives\n");
    CHECK(act("{corrupt: payload}", "send ack") ==
          "`corrupt: payload` needs payload, and `send ack` has none\n");
    CHECK(act("{corrupt: payload}", "receive keepalive-probe") ==
          "`corrupt: payload` needs payload, and `receive keepalive-probe` has none\n");
    CHECK(act("[{set: {payload: x}}, {corrupt: payload}]", "send ack").empty());
    CHECK(act("{corrupt: payload}", "send any").empty());
    CHECK(act("{corrupt: payload}", "receive fin").empty());
    CHECK(act("{icmp: {kind: port-unreachable, about: received}}", "send data") ==
          "`about: received` needs a segment that arrives, and `send data` has none; "
          "`last-received` is the last before it\n");
    CHECK(act("{icmp: port-unreachable}", "start").empty());
    const std::string numbers =
        "`seg.seq`, `seg.ack` and `seg.end` need a segment, and `start` has none\n";
    CHECK(act("{send: {seq: seg.seq}}", "start") == numbers);
    CHECK(act("{send: {sack: [[1, seg.end]]}}", "start") == numbers);
    CHECK(act("{icmp: {kind: port-unreachable, seq: seg.ack}}", "start") == numbers);
    CHECK(act("{send: {seq: seg.seq}}").empty());
    CHECK(rule_problems("{on: receive data, after: 1s, do: {set: {window: 0}}}") ==
          "`set` cannot come `after` a time: what becomes of a segment is decided at once\n");
}

TEST_CASE("what stands together with a change") {
    CHECK(act("[{set: {window: 0}}, {corrupt: tcp-checksum}, {corrupt: payload}, {fragment: 8}, "
              "{delay: 5s}]",
              "send data")
              .empty());
    CHECK(act("[duplicate, {set: {window: 0}}]").empty());
    CHECK(act("[drop, {set: {window: 0}}]") ==
          "`set` cannot follow `drop`, which has decided what becomes of the segment\n");
    CHECK(act("[{corrupt: payload}, drop]") ==
          "`drop` cannot follow `corrupt`, which has decided what becomes of the segment\n");
    CHECK(act("[{delay: 1s}, {set: {window: 0}}, duplicate]") ==
          "`duplicate` cannot follow `delay`, which has decided what becomes of the segment\n");
    CHECK(act("[{set: {window: 0}}, {set: {ttl: 1}}]") == "`set` stands twice in one rule\n");
    CHECK(act("[{corrupt: payload}, {corrupt: payload}]") ==
          "`corrupt` stands twice in one rule\n");
    CHECK(act("[send, send, {icmp: ttl-exceeded}, {icmp: ttl-exceeded}]").empty());
    CHECK(act("[reset, send, {icmp: ttl-exceeded}]").empty());
}
