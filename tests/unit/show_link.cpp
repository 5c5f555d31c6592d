// What a link did to segments, in the trace and in a capture.
#include "show/pcapng.hpp"
#include "show/trace.hpp"
#include "show_samples.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace ghostpeer;
using namespace ghostpeer::show;
using namespace ghostpeer::show::test;

namespace {

[[nodiscard]] event::Segment carried(event::Fate fate, std::optional<event::OnTheWay> what) {
    auto segment = incoming(wire::Flags::ack, 1, 1, tcp::Kind::ack);
    segment.fate = fate;
    segment.on_the_way = what;
    segment.made = at(1s);
    return segment;
}

}  // namespace

TEST_CASE("trace: what the link did stands beside the segment, and the link has a line") {
    const auto line = [](event::Segment segment) {
        return trace_line({at(2s), 1, 1, std::move(segment)});
    };
    CHECK(line(carried(event::Fate::dropped, event::OnTheWay::lost)).find(" >x ") !=
          std::string::npos);
    CHECK(
        line(carried(event::Fate::dropped, event::OnTheWay::lost)).find("ack  lost by the link") !=
        std::string::npos);
    CHECK(
        line(carried(event::Fate::dropped, event::OnTheWay::queue_full)).find("lost, queue full") !=
        std::string::npos);
    CHECK(
        line(carried(event::Fate::accepted, event::OnTheWay::copied)).find("copied by the link") !=
        std::string::npos);
    auto waited = carried(event::Fate::accepted, std::nullopt);
    waited.queued = 120ms;
    CHECK(line(waited).find("ack  queued 120 ms") != std::string::npos);
    const event::Link link{"3g", {}, "{rate: 1kbit/s}", "{delay: 1s}", 1s};
    const auto told = trace_line({at(0s), 0, 0, link});
    CHECK(told.find(" link up {rate: 1kbit/s} down {delay: 1s} ") != std::string::npos);
    CHECK(told.ends_with(" 3g\n"));
}

TEST_CASE("capture: what came by a link is there once, and what it lost is withheld") {
    const auto path =
        (std::filesystem::temp_directory_path() / ("ghostpeer-link-" + std::to_string(::getpid())))
            .string();
    const auto size_with = [&](event::Segment segment) {
        {
            auto file = OutputFile::open(path, "packet capture");
            REQUIRE(file);
            const auto capture = make_annotated_capture(std::move(*file), 0ns, {});
            capture->record({at(2s), 1, 1, std::move(segment), 7});
            capture->finish();
        }
        std::ifstream in(path, std::ios::binary);
        std::string bytes{std::istreambuf_iterator<char>(in), {}};
        std::filesystem::remove(path);
        return bytes;
    };
    const auto came = size_with(carried(event::Fate::accepted, std::nullopt));
    const auto lost = size_with(carried(event::Fate::dropped, event::OnTheWay::lost));
    CHECK(lost.size() > came.size() + 40);
    CHECK(lost.find("lost by the link") != std::string::npos);
}
