// What a page keeps of a record. That it shows it is tested in a browser (tests/page).
#include "page/page.hpp"
#include "page/record.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>

using namespace ghostpeer;
using nlohmann::json;

namespace {

json kept(const page::Record& record) { return json::parse(record.to_json("run.jsonl", "1.0")); }

std::string segment_line(int n, const char* more) {
    return R"({"t":)" + std::to_string(n) +
           R"(.5,"event":"segment","conn":1,"attempt":1,"dir":"in","kind":"data","src":"a:1","dst":"b:2",)"
           R"("flags":"PA","seq":-1,"ack":7,"raw_seq":4294967295,"raw_ack":6,"len":3,"win":63,"window":64512,)"
           R"("options":{"timestamps":{"val":5,"ecr":6},"mss":9},"fate":"accepted")" +
           more + "}\n";
}

}  // namespace

TEST_CASE("page: a segment keeps all its fields") {
    page::Record record;
    record.add(segment_line(2, R"(,"rule":{"file":"x.yaml","line":3},"ttl":7)"));
    const json all = kept(record);
    CHECK(all["segments"] == json({2'500'000'000, 1, 0, -1, 7, 3, 64512, 63, 5, 6, 0, 0}));
    CHECK(all["shapes"][0] ==
          json({0, "data", "PA", "accepted", "a:1", "b:2", 0, 1, 1, "x.yaml", 3, 0, 4294967295}));
    CHECK(all["extras"][0] == json({{"options", {{"mss", 9}}}, {"ttl", 7}}));
    CHECK(all["head"]["segments"] == 1);
}

TEST_CASE("page: what is no event is counted") {
    page::Record record;
    for (const char* line : {"", "\n", "{", "[]", "7", "{}", R"({"event":7})", "\xff\xfe"}) {
        record.add(line);
    }
    record.add(R"({"t":1,"event":"of the future"})");
    CHECK(record.events() == 1);
    CHECK(record.unreadable() == 6);
    CHECK(kept(record)["head"]["unknown"] == 1);
}

TEST_CASE("page: a record of nonsense becomes JSON all the same") {
    page::Record record;
    record.add(
        R"({"t":1e308,"event":"segment","len":-5,"win":1e99,"seq":"x","options":7,"rule":[]})");
    record.add(R"({"t":"x","event":"state","conn":{"a":[[[[[[[[[[1]]]]]]]]]]}})");
    std::string deep = R"({"t":1,"event":"log","text":)" + std::string(100'000, '[') +
                       std::string(100'000, ']') + "}";
    record.add(deep);
    record.add(R"({"event":"verdict","headline":"</script>&\u2028"})");
    const std::string text = record.to_json("</script>", "<");
    CHECK(text.find_first_of("<>&") == std::string::npos);
    CHECK(json::parse(text)["verdict"]["headline"] == "</script>&\xE2\x80\xA8");
    CHECK(text.size() < 5'000);
}

TEST_CASE("page: long texts are cut between characters") {
    page::Record record({10, 10, 8, 10});
    record.add(R"({"event":"log","text":"1234567€€"})");
    CHECK(kept(record)["others"][0]["text"] == "1234567…");
}

TEST_CASE("page: of too many segments the remarkable ones stay") {
    page::Record record({100, 5, 100, 1000});
    for (int i = 0; i < 1000; ++i) {
        record.add(segment_line(i, i % 100 == 0 ? R"(,"retransmission":true)" : ""));
        record.add(R"({"t":1,"event":"log","text":"x"})");
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
        record.add(segment_line(i, R"(,"retransmission":true)"));
    }
    const std::size_t drawn = kept(record)["segments"].size() / 12;
    CHECK(drawn <= 100);
    CHECK(drawn > 40);
}

TEST_CASE("page: it stands in one HTML document") {
    page::Record record;
    record.add(R"({"t":1,"event":"exit","status":3})");
    const std::string html = page::make_page(record, "run.jsonl", "1.0");
    CHECK(html.starts_with("<!DOCTYPE html>"));
    CHECK(html.find("default-src 'none'") != std::string::npos);
    CHECK(html.find("@script") == std::string::npos);
    CHECK(html.size() < 1'000'000);
}
