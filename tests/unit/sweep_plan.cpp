// Where faults can strike, and the profiles that make them strike there.
#include "event/reader.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "posix/shell_words.hpp"
#include "sweep/fault.hpp"
#include "sweep/plan.hpp"
#include "sweep/position.hpp"
#include "sweep/record.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::sweep;

namespace {

constexpr const char* client = "198.18.0.1:40000";
constexpr const char* server = "198.18.0.2:80";

struct Told {
    double t = 0;
    bool in = true;
    std::string what;
    std::uint64_t length = 0;
    std::int64_t seq = 1;
    std::string more;  ///< fields
};

std::string line_of(const Told& told, int conn = 1, int attempt = 1, const char* to = server) {
    return "{\"t\":" + std::to_string(told.t) + R"(,"event":"segment","conn":)" +
           std::to_string(conn) + R"(,"attempt":)" + std::to_string(attempt) + R"(,"dir":")" +
           (told.in ? "in" : "out") + "\",\"" + (told.in ? "kind" : "reason") + "\":\"" +
           told.what + R"(","src":")" + (told.in ? client : to) + R"(","dst":")" +
           (told.in ? to : client) +
           R"(","raw_seq":7,"ack":0,"raw_ack":0,"flags":"A","win":1,"window":1,"seq":)" +
           std::to_string(told.seq) + R"(,"len":)" + std::to_string(told.length) +
           R"(,"options":{"timestamps":{"val":1,"ecr":1}},"fate":")" +
           (told.in ? "accepted" : "sent") + "\"" + told.more + "}";
}

void read_line(RunRecord& record, const std::string& line) {
    event::Reader reader;
    event::Event event;
    const event::Line what = reader.read(line, event);
    CHECK_MESSAGE(what == event::Line::event, reader.problem());
    if (what == event::Line::event) {
        add(record, event);
    }
}

/// A request and its answer in two segments, with a loss, an ACK and a FIN each.
RunRecord conversation() {
    RunRecord record;
    for (const Told& told :
         {Told{0, true, "syn", 0, 0, ""}, Told{0, false, "syn-ack", 0, 0, ""},
          Told{0.001, true, "ack", 0, 1, ""}, Told{0.002, true, "data", 10, 1, ""},
          Told{0.003, false, "data", 100, 1, ""},
          Told{0.004, false, "data", 100, 1, R"(,"retransmission":true)"},
          Told{0.005, false, "data", 40, 101, ""}, Told{0.006, true, "ack", 0, 11, ""},
          Told{1.5, true, "fin", 5, 11, ""}, Told{1.501, false, "fin", 0, 141, ""},
          Told{1.502, true, "ack", 0, 17, ""}}) {
        read_line(record, line_of(told));
    }
    return record;
}

std::vector<std::string> names(const std::vector<Position>& positions) {
    std::vector<std::string> all;
    all.reserve(positions.size());
    for (const Position& position : positions) {
        all.push_back(name(position));
    }
    return all;
}

}  // namespace

TEST_CASE("sweep: positions are told by connection, direction and place") {
    const auto found = find_positions(conversation(), {std::nullopt, 3, {}});
    CHECK(names(found.all) ==
          std::vector<std::string>{
              "1st syn in of attempt 1", "1st syn-ack out of attempt 1", "1st ack in of attempt 1",
              "1st data in of attempt 1", "1st data out of attempt 1",
              "behind byte 1 of the answer of attempt 1", "2nd data out of attempt 1",
              "behind byte 101 of the answer of attempt 1",
              "behind byte 139 of the answer of attempt 1", "2nd ack in of attempt 1",
              "1st pause of attempt 1", "1st fin in of attempt 1", "1st fin out of attempt 1",
              "3rd ack in of attempt 1"});
    // 20 bytes of IPv4, 20 of TCP and 12 of timestamps, and the byte; of the second segment, too.
    CHECK(found.all[5].whole == 53);
    CHECK(found.all[7].whole == 53);
    CHECK(found.all[8].whole == 91);
    CHECK(names(find_positions(conversation(), {std::nullopt, 0, {"2nd", "pause"}}).all) ==
          std::vector<std::string>{"2nd data out of attempt 1", "2nd ack in of attempt 1",
                                   "1st pause of attempt 1"});
}

TEST_CASE("sweep: connections that no rule tells apart are left out, ports are told") {
    RunRecord record;
    read_line(record, line_of({0, true, "syn", 0, 0, ""}));
    read_line(record, line_of({1, true, "syn", 0, 0, ""}, 2, 1, "198.18.0.9:80"));
    read_line(record, line_of({2, true, "syn", 0, 0, ""}, 3, 1, "198.18.0.2:443"));
    const auto found = find_positions(record, {});
    CHECK(names(found.all) == std::vector<std::string>{"1st syn in of attempt 1 at port 80",
                                                       "1st syn in of attempt 1 at port 443"});
    CHECK(found.ambiguous == 1);
    CHECK(find_positions(record, {std::uint64_t{2}, 32, {}}).all.empty());
}

TEST_CASE("sweep: boundaries of an answer are spread over it, its ends among them") {
    CHECK(spread(0, 0, 32).empty());
    CHECK(spread(1, 0, 32).empty());
    CHECK(spread(2, 0, 32) == std::vector<std::uint64_t>{1});
    CHECK(spread(6, 0, 32) == std::vector<std::uint64_t>{1, 2, 3, 4, 5});
    CHECK(spread(6, 0, SIZE_MAX) == std::vector<std::uint64_t>{1, 2, 3, 4, 5});
    CHECK(spread(6, 0, 0).empty());
    const auto some = spread(100'000, 98'540, 32);
    CHECK(some.size() == 32);
    CHECK(some.front() == 1);
    CHECK(some.back() == 99'999);
    CHECK(std::find(some.begin(), some.end(), 98'541) != some.end());
}

TEST_CASE("sweep: the profile of every fault at every position is one that loads") {
    const auto found = find_positions(conversation(), {std::nullopt, 3, {}});
    std::string words;
    for (const FaultWord& word : fault_words()) {
        words += (words.empty() ? "" : ",") + std::string(word.name);
    }
    auto faults = parse_faults(words).value();
    faults.push_back({"own", "- drop\n- reset"});
    Plan plan;
    add_cases(plan, found.all, faults);
    CHECK(plan.cases.size() > 100);
    CHECK(plan.impossible > 10);
    const auto file = std::filesystem::temp_directory_path() / "ghostpeer-sweep-unit.yaml";
    for (const Case& one : plan.cases) {
        const std::string text = profile_text(one, "healthy");
        std::ofstream(file) << text;
        const auto loaded = profile::load(file.string());
        CHECK_MESSAGE(loaded.errors.empty(), text << profile::to_string(loaded.errors));
    }
    std::filesystem::remove(file);
    // Every word can be somewhere.
    for (const std::string& row : plan.rows) {
        CHECK_MESSAGE(std::any_of(plan.cases.begin(), plan.cases.end(),
                                  [&](const Case& one) { return one.row == row; }),
                      row);
    }
}

TEST_CASE("sweep: a plan is the same after it was written and read") {
    Plan plan;
    plan.command = {"sh", "-c", "echo '\xc3\xa4' \"$x\""};
    plan.subject = "healthy";
    plan.around.setup = "true";
    plan.baselines.emplace_back().unsteady = {3, 4};
    plan.baselines.front().unsteady_errors = {5};
    plan.baselines.front().errors_differ = true;
    plan.baselines.front().left_open = 6;
    add_cases(plan, find_positions(conversation(), {}).all, parse_faults("lose,close").value());
    const auto again = parse_plan(to_json(plan));
    REQUIRE(again.has_value());
    CHECK(same_runs(plan, *again));
    CHECK(to_json(*again) == to_json(plan));
    auto other = *again;
    other.cases.pop_back();
    CHECK_FALSE(same_runs(plan, other));
    for (const char* text : {"", "{}", "[]", "{\"format\":9}", "nonsense"}) {
        CHECK_FALSE(parse_plan(text).has_value());
    }
    CHECK(shell_line(plan.command) == "sh -c 'echo '\\''\xc3\xa4'\\'' \"$x\"'");
}

TEST_CASE("sweep: a word that is no fault is told") {
    CHECK_FALSE(parse_faults("lose,explode").has_value());
    CHECK_FALSE(parse_faults("").has_value());
    CHECK(parse_faults("lose,reset,lose")->size() == 2);
}
