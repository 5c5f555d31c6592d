// What is written as a record is read back, and nothing that stands in one does harm.
#include "event/reader.hpp"
#include "event/record_file.hpp"
#include "event/writer.hpp"
#include "support/random_events.hpp"

#include <doctest/doctest.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <string>
#include <vector>

using namespace ghostpeer;
using event::Line;
using nlohmann::json;

namespace {

std::string line_of(const event::Event& event) {
    std::string line;
    CHECK(event::write_json(line, event));
    return line;
}

constexpr const char* a_state =
    R"({"t":1.5,"event":"state","conn":1,"from":"listen","to":"closed"})";
constexpr const char* a_segment =
    R"({"t":2,"event":"segment","dir":"in","kind":"data","src":"198.18.0.1:4","dst":"[2001:2::2]:80",)"
    R"("flags":"PA","seq":-1,"ack":7,"raw_seq":4294967295,"raw_ack":6,"len":3,"win":63,"window":64512,)"
    R"("options":{"timestamps":{"val":5,"ecr":6}},"fate":"accepted"})";

/// A line of which one field is another.
std::string with(const char* line, const json& patch) {
    json object = json::parse(line);
    object.merge_patch(patch);
    return object.dump();
}

std::string problem_of(const std::string& line) {
    event::Reader reader;
    event::Event event;
    CHECK(reader.read(line, event) == Line::malformed);
    return reader.problem();
}

/// A file that is gone with this.
struct Scratch {
    std::string path = "/tmp/ghostpeer-record-XXXXXX";

    explicit Scratch(const std::string& content) {
        const int fd = mkstemp(path.data());
        REQUIRE(fd >= 0);
        CHECK(::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
        ::close(fd);
    }
    ~Scratch() { ::unlink(path.c_str()); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
};

}  // namespace

TEST_CASE("record: every event comes back as it was written") {
    test::RandomEvents random(1);
    event::Reader reader;
    constexpr std::size_t packet = 7;
    for (std::size_t i = 0; i < 300 * test::RandomEvents::kinds; ++i) {
        const std::size_t kind = i % test::RandomEvents::kinds;
        const event::Event written = random.next(kind);
        std::string line;
        if (!event::write_json(line, written)) {
            CHECK(kind == packet);
            continue;
        }
        event::Event read;
        INFO(line);
        REQUIRE(reader.read(line, read) == Line::event);
        REQUIRE(line_of(read) == line);
        CHECK(read.what.index() == written.what.index());
        CHECK(read.at == written.at);
        CHECK(read.attempt == written.attempt);
        if (const auto* segment = std::get_if<event::Segment>(&written.what)) {
            const auto& again = std::get<event::Segment>(read.what);
            CHECK(again.segment == segment->segment);
            CHECK(again.base.seq == segment->base.seq);
            CHECK(again.base.ack == segment->base.ack);
            CHECK(again.base.relative == segment->base.relative);
            CHECK(again.made == segment->made);
            CHECK((again.forgery != nullptr) == (segment->forgery != nullptr));
        } else if (const auto* attempt = std::get_if<event::Attempt>(&written.what)) {
            CHECK(std::get<event::Attempt>(read.what).flow == attempt->flow);
        } else if (const auto* end =
                       std::get_if<std::shared_ptr<const event::End>>(&written.what)) {
            const auto& again = *std::get<std::shared_ptr<const event::End>>(read.what);
            CHECK(again.output == (*end)->output);
            CHECK(again.unmet_peers == (*end)->unmet_peers);
        } else if (const auto* record =
                       std::get_if<std::shared_ptr<const event::AttemptRecord>>(&written.what)) {
            const auto& again = *std::get<std::shared_ptr<const event::AttemptRecord>>(read.what);
            CHECK(again.connection == (*record)->connection);
            CHECK(again.number == (*record)->number);
        }
    }
}

TEST_CASE("record: every line is JSON, inert ones without a meaning in HTML") {
    test::RandomEvents random(2);
    for (std::size_t i = 0; i < 20 * test::RandomEvents::kinds; ++i) {
        const event::Event event = random.next(i % test::RandomEvents::kinds);
        std::string line;
        std::string inert;
        if (event::write_json(line, event) && event::write_json(inert, event, {.inert = true})) {
            CHECK(json::parse(line) == json::parse(inert));
            CHECK(inert.find_first_of("<>&\x7f") == std::string::npos);
        }
    }
}

TEST_CASE("record: lists and texts are cut where they are to be") {
    event::Event event;
    auto verdict = std::make_shared<event::Verdict>();
    verdict->headline = "1234567€€";
    verdict->lost = {{"a", false}, {"b", false}, {"c", false}};
    event.what = std::shared_ptr<const event::Verdict>(verdict);
    std::string line;
    event::write_json(line, event, {.longest_text = 8, .longest_list = 2});
    const json cut = json::parse(line);
    CHECK(cut["headline"] == "1234567…");
    CHECK(cut["lost"] == json({"a", "b"}));
}

TEST_CASE("record: of a payload it has the first bytes, and the length") {
    event::Event event;
    event::Segment segment;
    segment.kind = tcp::Kind::data;
    segment.segment.source = {wire::IpAddress::v4(1), 1};
    segment.segment.destination = {wire::IpAddress::v4(2), 2};
    segment.segment.payload.assign(1000, 0xab);
    event.what = segment;
    const json written = json::parse(line_of(event));
    CHECK(written["len"] == 1000);
    CHECK(written["payload"].get<std::string>().size() == 128);
    event::Reader reader;
    REQUIRE(reader.read(line_of(event), event) == Line::event);
    const auto& payload = std::get<event::Segment>(event.what).segment.payload;
    CHECK(payload.size() == 1000);
    CHECK(payload[63] == 0xab);
    CHECK(payload[64] == 0);
}

TEST_CASE("record: times are exact, and other ways to write them are read") {
    const auto at = [](const char* t) {
        event::Reader reader;
        event::Event event;
        CHECK(reader.read(std::string(R"({"event":"conclusion","t":)") + t + "}", event) ==
              Line::event);
        return event.at.time_since_epoch().count();
    };
    CHECK(at("4000000000.000000001") == 4'000'000'000'000'000'001);
    CHECK(at("-0.000000001") == -1);
    CHECK(at("3") == 3'000'000'000);
    CHECK(at("-3") == -3'000'000'000);
    CHECK(at("0.25") == 250'000'000);
    CHECK(at("2.1e-05") == 21'000);
    CHECK(at("1e3") == 1'000'000'000'000);
    CHECK(at("0.0000000014") == 1);
}

TEST_CASE("record: what is not known is passed over") {
    event::Reader reader;
    event::Event event;
    CHECK(reader.read(R"({"t":1,"event":"of the future","x":[{}]})", event) == Line::unknown);
    CHECK(reader.read("", event) == Line::blank);
    CHECK(reader.read(" \r\n", event) == Line::blank);
    CHECK(reader.read(with(a_state, {{"new", {{"a", {1, 2}}}}}), event) == Line::event);
    CHECK(std::get<event::State>(event.what).from == tcp::State::listen);
    CHECK(event.connection == 1);
    CHECK(reader.read(std::string(a_segment) + "\r\n", event) == Line::event);
    CHECK(event.connection == 0);
    CHECK(reader.line_number() == 5);
}

TEST_CASE("record: fields in another order are the same event") {
    event::Reader reader;
    event::Event event;
    json sorted = json::parse(a_segment);  // by name: `ack` before `flags`, `raw_seq` before `seq`
    REQUIRE(reader.read(sorted.dump(), event) == Line::event);
    const std::string one = line_of(event);
    REQUIRE(reader.read(a_segment, event) == Line::event);
    CHECK(line_of(event) == one);
}

TEST_CASE("record: a malformed line says where and why") {
    CHECK(problem_of("{") == "line 1: it is no JSON from byte 2 on");
    CHECK(problem_of("[]").find("does not say which") != std::string::npos);
    CHECK(problem_of("7").find("does not say which") != std::string::npos);
    CHECK(problem_of(R"({"event":7,"t":1})").find("does not say which") != std::string::npos);
    CHECK(problem_of("\xff\xfe").find("is no JSON") != std::string::npos);
    CHECK(problem_of(R"({"event":"conclusion"})") == "line 1: t is missing");
    CHECK(problem_of(R"({"event":"conclusion","t":"x"})") == "line 1: t is no number of seconds");
    for (const char* t : {"1e300", "5e9", "-5e9", "4611686018.0", "9223372036854775807.5"}) {
        CHECK(problem_of(std::string(R"({"event":"conclusion","t":)") + t + "}") ==
              "line 1: t is no time");
    }
    CHECK(problem_of(R"({"event":"conclusion","t":99999999999})").find("t is 99999999999, more") !=
          std::string::npos);
    CHECK(problem_of(with(a_state, {{"conn", -1}})) == "line 1: conn is -1, less than 0");
    CHECK(problem_of(with(a_state, {{"conn", 1.5}})) == "line 1: conn is no whole number");
    CHECK(problem_of(with(a_state, {{"from", nullptr}})) == "line 1: from is missing");
    CHECK(problem_of(with(a_state, {{"from", 1}})) == "line 1: from is no text");
    CHECK(problem_of(with(a_state, {{"from", "odd"}}))
              .starts_with("line 1: from is \"odd\", which is none of closed, listen, "));
    CHECK(problem_of(with(a_segment, {{"win", 65536}})) == "line 1: win is 65536, more than 65535");
    CHECK(problem_of(with(a_segment, {{"len", 65536}})) ==
          "line 1: len does not go with the other fields");
    CHECK(problem_of(with(a_segment, {{"payload", "00112233"}})) ==
          "line 1: payload is longer than `len` says");
    CHECK(problem_of(with(a_segment, {{"payload", "0x"}})) == "line 1: payload is not hexadecimal");
    CHECK(problem_of(with(a_segment, {{"payload", "000"}})) ==
          "line 1: payload has half a byte too much");
    CHECK(problem_of(with(a_segment, {{"flags", "PP"}})).starts_with("line 1: flags is not made"));
    CHECK(problem_of(with(a_segment, {{"rule", {{"file", "a"}, {"line", "x"}}}})) ==
          "line 1: rule.line is no whole number");
    CHECK(problem_of(with(a_segment, {{"options", {{"sack", {{1, 2, 3}}}}}})) ==
          "line 1: options.sack has another number of parts");
    for (const char* end : {"", ":", "198.18.0.1", "198.18.0.1:", "198.18.0.1:65536",
                            "2001:2::2:80", "[198.18.0.1]:80", "a:1", "198.18.0.1:-1"}) {
        CHECK(problem_of(with(a_segment, {{"src", end}})) ==
              "line 1: src is no address with a port");
    }
}

TEST_CASE("record: lines, nesting, values and words have bounds") {
    event::Reader reader;
    event::Event event;
    CHECK(reader.read(std::string(event::Reader::longest_line + 1, ' '), event) == Line::malformed);
    CHECK(reader.problem().starts_with("line 1: it is longer than"));
    const std::string deep(100'000, '[');
    CHECK(reader.read(R"({"t":1,"event":"log","x":)" + deep + std::string(100'000, ']') + "}",
                      event) == Line::malformed);
    CHECK(reader.problem().starts_with("line 2: it is nested deeper"));
    std::string many = R"({"t":1,"event":"conclusion","x":[1)";
    for (std::size_t i = 0; i < event::JsonTree::most_values; ++i) {
        many += ",1";
    }
    CHECK(reader.read(many + "]}", event) == Line::malformed);
    CHECK(reader.problem().starts_with("line 3: it has more than"));
    Line last = Line::event;
    for (std::size_t i = 0; i <= event::SharedTexts::most && last == Line::event; ++i) {
        last = reader.read(
            R"({"t":1,"event":"notice","text":"x","what":")" + std::to_string(i) + "\"}", event);
    }
    CHECK(last == Line::malformed);
    CHECK(reader.problem().find("what is one word too many") != std::string::npos);
    CHECK(reader.read(a_state, event) == Line::event);
}

TEST_CASE("record: a file is read line by line, the last without its end") {
    const std::string long_line(event::Reader::longest_line + 10, 'x');
    const Scratch file(std::string(a_state) + "\n\nnonsense\n" + long_line + "\n" +
                       R"({"t":1,"event":"log","file":"a","line":1,"text":")" +
                       std::string(200'000, 'y') + "\"}\n" + a_segment);
    auto record = event::RecordFile::open(file.path);
    REQUIRE(record);
    event::Event event;
    std::vector<Line> lines;
    while (const auto line = record->next(event)) {
        lines.push_back(*line);
    }
    CHECK(lines == std::vector{Line::event, Line::blank, Line::malformed, Line::malformed,
                               Line::event, Line::event});
    CHECK(record->failure().empty());
    CHECK(record->reader().line_number() == 6);
    CHECK(std::get<event::Segment>(event.what).segment.destination.port == 80);
}

TEST_CASE("record: a file that cannot be read says why") {
    CHECK(event::RecordFile::open("/nonexistent/run.jsonl").error() ==
          "/nonexistent/run.jsonl could not be read: No such file or directory.");
    CHECK(event::RecordFile::open("/tmp").error() == "/tmp could not be read: it is a directory.");
}
