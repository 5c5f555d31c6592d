#include "compare/columns.hpp"
#include "compare/side_by_side.hpp"
#include "support/captures.hpp"

#include <doctest/doctest.h>

using namespace ghostpeer;
using namespace ghostpeer::compare;
using namespace ghostpeer::test;
using namespace std::chrono_literals;

namespace {

[[nodiscard]] Column column_of(Duration answer, std::uint8_t last) {
    MadeCapture made;
    MadeConversation one(made);
    one.handshake(5s);
    one.client(5s + 20ms, wire::Flags::psh | wire::Flags::ack, 1, 1, 100);
    one.server(5s + answer, last, 1, 101);
    capture::ReadOptions options;
    options.keep.all = true;
    return of_capture(capture::read_capture(made, options));
}

}  // namespace

TEST_CASE("compare: captures that are alike, within the tolerance of times") {
    const Column one = column_of(30ms, wire::Flags::ack);
    CHECK(are_alike({one, column_of(40ms, wire::Flags::ack)}));
    CHECK(side_by_side({one, one}).find('*') == std::string::npos);
    CHECK(one.segments[3].what == ">  data 100 bytes");
    CHECK_FALSE(are_alike({one, column_of(80ms, wire::Flags::ack)}));
}

TEST_CASE("compare: the first segment that differs, and the facts that do") {
    const std::vector<Column> two{column_of(30ms, wire::Flags::ack),
                                  column_of(31ms, wire::Flags::rst | wire::Flags::ack)};
    const std::string text = side_by_side(two);
    CHECK_FALSE(are_alike(two));
    CHECK(text.find("the first that differs: segment 5\n") != std::string::npos);
    CHECK(text.find("\n  * end ") != std::string::npos);
    CHECK(text.find("\n  client SYN ") != std::string::npos);
    CHECK(text.find("\n  * reset (server) ") != std::string::npos);
}

TEST_CASE("compare: a difference far behind is shown all the same") {
    Column one;
    for (int i = 0; i < 1000; ++i) {
        one.segments.push_back({0.001 * i, ">  ack"});
    }
    Column other = one;
    other.segments[700].what = "<  ack";
    const std::string text = side_by_side({one, other});
    CHECK(text.find("  600 before them, which are the same\n") != std::string::npos);
    CHECK(text.find("the first that differs: segment 701\n") != std::string::npos);
    CHECK(text.find("  200 more\n") != std::string::npos);
}

TEST_CASE("compare: of a large record the first segments are kept, and of the others one number") {
    Column one;
    for (std::size_t i = 0; i < most_segments; ++i) {
        one.add(0, "> ack");
    }
    Column other = one;
    for (int i = 0; i < 100; ++i) {
        one.add(0, "> ack");
        other.add(0, i == 50 ? "< ack" : "> ack");
    }
    CHECK(one.segments.size() == most_segments);
    CHECK(one.behind == 100);
    CHECK(are_alike({one, one}));
    CHECK_FALSE(are_alike({one, other}));
    const std::string text = side_by_side({one, other});
    CHECK(text.find("* Behind segment 200000 kinds and lengths were compared") !=
          std::string::npos);
    CHECK(text.find("200100") != std::string::npos);
}
