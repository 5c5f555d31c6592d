// What a page keeps of a record. That it shows it is tested in a browser (tests/page).
#include "event/reader.hpp"
#include "page/page.hpp"
#include "page/record.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>

using namespace ghostpeer;
using nlohmann::json;

namespace {

json kept(const page::Record& record) { return json::parse(record.to_json("run.jsonl", "1.0")); }

void add(page::Record& record, const std::string& line) {
    event::Reader reader;
    event::Event event;
    INFO(line);
    REQUIRE(reader.read(line, event) == event::Line::event);
    record.add(event);
}

std::string segment_line(int n, const char* more) {
    return R"({"t":)" + std::to_string(n) +
           R"(.5,"event":"segment","id":8,"conn":1,"attempt":1,"dir":"in","kind":"data",)"
           R"("src":"198.18.0.1:1","dst":"198.18.0.2:2","flags":"PA","seq":-1,"ack":7,)"
           R"("raw_seq":4294967295,"raw_ack":6,"len":3,"win":63,"window":64512,)"
           R"("options":{"timestamps":{"val":5,"ecr":6},"mss":9},"fate":"accepted")" +
           more + "}\n";
}

}  // namespace

TEST_CASE("page: a segment keeps all its fields") {
    page::Record record;
    add(record, segment_line(2, R"(,"rule":{"file":"x.yaml","line":3},"ttl":7,"tos":0,"of":4,)"
                                R"("payload":"474554")"));
    const json all = kept(record);
    CHECK(all["segments"] == json({2'500'000'000, 1, 0, -1, 7, 3, 64512, 63, 5, 6, 0, 8}));
    CHECK(all["shapes"][0] == json({0, "data", "PA", "accepted", "198.18.0.1:1", "198.18.0.2:2", 0,
                                    1, 1, "x.yaml", 3, 0, 4294967295}));
    CHECK(all["extras"][0] ==
          json({{"options", {{"mss", 9}}}, {"ttl", 7}, {"of", 4}, {"payload", "474554"}}));
    CHECK(all["head"]["segments"] == 1);
    CHECK(all["without_payload"] == 0);
}

TEST_CASE("page: payloads have a bound, and what is beyond is counted") {
    page::Bounds bounds;
    bounds.payloads = 50;
    page::Record record(bounds);
    for (int i = 0; i < 5; ++i) {
        add(record, segment_line(i, R"(,"payload":"474554")"));
    }
    const json all = kept(record);
    CHECK(all["extras"][0].contains("payload"));
    CHECK_FALSE(all["extras"][4].contains("payload"));
    CHECK(all["without_payload"] == 3);
}

TEST_CASE("page: what is no event is counted, and so is what is not known") {
    page::Record record;
    record.add_unreadable();
    record.add_unknown();
    CHECK(record.events() == 1);
    CHECK(record.unreadable() == 1);
    CHECK(kept(record)["head"]["unknown"] == 1);
}

TEST_CASE("page: what is told for the verdict alone is not drawn") {
    page::Record record;
    const std::string socket =
        R"({"t":1,"event":"socket","src":"198.18.0.1:1","dst":"198.18.0.2:2","state":"ESTAB",)"
        R"("timer":"none","retries":0,"recv_q":0,"send_q":0)";
    add(record, socket + "}");
    add(record, socket + R"(,"shown":false})");
    add(record, R"({"t":2,"event":"conclusion"})");
    const json all = kept(record);
    CHECK(all["others"].size() == 1);
    CHECK(all["others"][0][0] == 1'000'000'000);
    CHECK(record.left_out() == 0);
}

TEST_CASE("page: nothing in it means anything to an HTML parser") {
    page::Record record;
    add(record, R"({"t":1,"event":"log","file":"<b>&","line":1,"text":"</script>&\u2028"})");
    add(record, segment_line(1, R"(,"rule":{"file":"</script>","line":3})"));
    const std::string text = record.to_json("</script>", "<");
    CHECK(text.find_first_of("<>&") == std::string::npos);
    CHECK(json::parse(text)["others"][0][2]["text"] == "</script>&\xE2\x80\xA8");
    CHECK(json::parse(text)["shapes"][0][9] == "</script>");
}

TEST_CASE("page: long texts are cut between characters") {
    page::Record record({10, 10, 8, 10});
    add(record, R"({"t":0,"event":"log","file":"","line":0,"text":"1234567€€"})");
    CHECK(kept(record)["others"][0][2]["text"] == "1234567…");
}

TEST_CASE("page: of too many segments the remarkable ones stay") {
    page::Record record({100, 5, 100, 1000});
    for (int i = 0; i < 1000; ++i) {
        add(record, segment_line(i, i % 100 == 0 ? R"(,"retransmission":true)" : ""));
        add(record, R"({"t":1,"event":"log","file":"","line":0,"text":"x"})");
    }
    const json all = kept(record);
    constexpr std::size_t fields = 12;
    const std::size_t drawn = all["segments"].size() / fields;
    CHECK(drawn <= 100);
    CHECK(drawn > 40);
    std::size_t again = 0;
    for (std::size_t i = 0; i < drawn; ++i) {
        const auto shape = all["segments"][i * fields + 2].get<std::size_t>();
        again += all["shapes"][shape][6] == 1 ? 1 : 0;
    }
    CHECK(again == 10);
    CHECK(all["others"].size() == 5);
    CHECK(all["head"]["others"]["log"] == json({1000, 5}));
    CHECK(record.left_out() == 1000 - drawn + 995);
}

TEST_CASE("page: remarkable segments have a bound, too") {
    page::Record record({100, 5, 100, 1000});
    for (int i = 0; i < 1000; ++i) {
        add(record, segment_line(i, R"(,"retransmission":true)"));
    }
    const std::size_t drawn = kept(record)["segments"].size() / 12;
    CHECK(drawn <= 100);
    CHECK(drawn > 40);
}

TEST_CASE("page: it stands in one HTML document") {
    page::Record record;
    add(record, R"({"t":1,"event":"exit","status":3})");
    const std::string html = page::make_page(record, "run.jsonl", "1.0");
    CHECK(html.starts_with("<!DOCTYPE html>"));
    CHECK(html.find("default-src 'none'") != std::string::npos);
    CHECK(html.find("@script") == std::string::npos);
    CHECK(html.size() < 1'000'000);
}

TEST_CASE("page: nothing in the results of a sweep ends the element that they stand in") {
    const std::string grid = page::make_grid(R"x({"command":["</script><script>alert(1)"]})x");
    CHECK(grid.find(R"x({"command":["\u003c/script>\u003cscript>alert(1)"]})x") !=
          std::string::npos);
    CHECK(grid.find("alert(1)</script>") == std::string::npos);
    CHECK(grid.ends_with("</html>\n"));
}
