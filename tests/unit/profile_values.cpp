#include "ghostpeer/profile/loader.hpp"
#include "ghostpeer/profile/rule.hpp"

#include <doctest/doctest.h>

using namespace ghostpeer;
using namespace std::chrono_literals;
using profile::format_time;
using profile::nearest_word;
using profile::parse_size;
using profile::parse_time;

TEST_CASE("times have a number and a unit") {
    CHECK(parse_time("10us") == 10us);
    CHECK(parse_time("250ms") == 250ms);
    CHECK(parse_time("1.5s") == 1500ms);
    CHECK(parse_time("0.000001s") == 1us);
    CHECK(parse_time("2m") == 2min);
    CHECK(parse_time("1h") == 1h);
    CHECK(parse_time("0s") == 0s);
    CHECK(parse_time("10000h") == 10000h);
    for (const auto* text :
         {"", "5", "s", "5 s", "-5s", "+5s", "5S", "5sec", ".5s", "5.s", "1.5.5s", "1e3s", "5s ",
          "10001h", "10000.1h", "99999999999999999999s", "0x5s", "5ns"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_time(text));
    }
}

TEST_CASE("times are written with the largest unit that fits") {
    CHECK(format_time(0s) == "0s");
    CHECK(format_time(250ms) == "250ms");
    CHECK(format_time(90s) == "90s");
    CHECK(format_time(2min) == "2m");
    CHECK(format_time(2h) == "2h");
    CHECK(format_time(10us) == "10us");
    CHECK(format_time(1500ns) == "1.5us");
}

TEST_CASE("sizes have a number and at most one unit") {
    CHECK(parse_size("0") == 0);
    CHECK(parse_size("1000") == 1000);
    CHECK(parse_size("512B") == 512);
    CHECK(parse_size("1KB") == 1000);
    CHECK(parse_size("4KiB") == 4096);
    CHECK(parse_size("1MB") == 1'000'000);
    CHECK(parse_size("1MiB") == 1'048'576);
    CHECK(parse_size("2GB") == 2'000'000'000);
    CHECK(parse_size("2GiB") == 2'147'483'648);
    CHECK(parse_size("1.5KiB") == 1536);
    CHECK(parse_size("1152921504606846976") == 1ULL << 60U);
    for (const auto* text : {"", "B", "-1", "1.5", "1.5B", "1.0001KiB", "1K", "1kb", "1 KiB",
                             "1152921504606846977", "99999999999GiB", "18446744073709551616"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_size(text));
    }
}

TEST_CASE("the nearest word differs in a third of its letters at most") {
    const std::vector<std::string> known{"keepalive-probe", "window-probe", "syn", "fin"};
    CHECK(nearest_word("keepalive-prob", known) == "keepalive-probe");
    CHECK(nearest_word("keepalvie_probe", known) == "keepalive-probe");
    CHECK(nearest_word("SYN", known) == "syn");
    CHECK(nearest_word("sny", known) == "syn");  // two swapped letters are one mistake
    CHECK(nearest_word("in", known) == "fin");
    CHECK(nearest_word("xyz", known) == "");
    CHECK(nearest_word("x", known) == "");
    CHECK(nearest_word("", known) == "");
    CHECK(nearest_word("window", known) == "");
    CHECK(nearest_word(std::string(1'000'000, 's'), known) == "");
    CHECK(nearest_word("fin", {}) == "");
}

TEST_CASE("events are spelled as the language does") {
    CHECK(to_string(profile::Event(profile::OnReceive{})) == "receive any");
    CHECK(to_string(profile::Event(profile::OnReceive{tcp::Kind::keepalive_probe})) ==
          "receive keepalive-probe");
    CHECK(to_string(profile::Event(profile::OnSend{tcp::Reason::ack_of_fin})) == "send ack-of-fin");
    CHECK(to_string(profile::Event(profile::OnEnter{tcp::State::fin_wait_2})) ==
          "enter fin-wait-2");
    CHECK(to_string(profile::Event(profile::OnStart{})) == "start");
    CHECK(to_string(profile::Event(profile::OnReceived{4096})) == "received 4096");
    CHECK(to_string(profile::Event(profile::OnSent{1})) == "sent 1");
    CHECK(to_string(profile::Event(profile::OnIdle{5s})) == "idle 5s");
}

TEST_CASE("drop, delay and duplicate decide a segment's fate, nothing else does") {
    using namespace profile;
    CHECK(decides_fate(Drop{}));
    CHECK(decides_fate(Delay{}));
    CHECK(decides_fate(Duplicate{}));
    CHECK_FALSE(decides_fate(Blackhole{}));
    CHECK_FALSE(decides_fate(Reset{}));
    CHECK(name(Action(ResumeReading{})) == "resume-reading");
    CHECK(name(Action(SetWindow{})) == "window");
}
