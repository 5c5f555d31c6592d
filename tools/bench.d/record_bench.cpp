// The record of a run with many segments: written as a run writes it, and read back.
//
//     bench_record FILE [SEGMENTS]     leaves FILE; prints one line of JSON
#include "event/record_file.hpp"
#include "ghostpeer/event/verdict.hpp"
#include "measure.hpp"
#include "show/events.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

using namespace bench;
using namespace ghostpeer;

constexpr std::uint32_t payload_size = 1448;
constexpr std::uint32_t initial_number = 4'294'000'000;

event::Segment data_segment() {
    event::Segment made;
    made.kind = tcp::Kind::data;
    made.state = tcp::State::established;
    made.window = 64'256;
    made.base.seq = wire::SeqNum(initial_number);
    auto& segment = made.segment;
    segment.source = {*wire::IpAddress::parse("198.18.0.1"), 40'404};
    segment.destination = {*wire::IpAddress::parse("198.18.0.2"), 80};
    segment.flags.bits = wire::Flags::psh | wire::Flags::ack;
    segment.ack = wire::SeqNum(1);
    segment.window = 502;
    segment.options.timestamps = wire::Timestamps{3'012'345'678, 12};
    segment.payload.assign(payload_size, 'x');
    return made;
}

double write_record(const std::string& path, std::uint64_t count) {
    auto file = show::OutputFile::open(path, "event stream");
    if (!file) {
        throw std::runtime_error(file.error());
    }
    const auto stream = show::make_event_stream(std::move(*file));
    event::Event event;
    event.connection = 1;
    event.attempt = 1;
    event.what = data_segment();
    const auto started = Clock::now();
    for (std::uint64_t i = 0; i < count; ++i) {
        auto& segment = std::get<event::Segment>(event.what);
        segment.segment.seq =
            wire::SeqNum(initial_number + static_cast<std::uint32_t>(i) * payload_size);
        segment.received = i * payload_size;
        event.id = i + 1;
        event.at = run_start + std::chrono::microseconds(i);
        stream->record(event);
    }
    stream->finish();
    return seconds_since(started);
}

double read_record(const std::string& path, std::uint64_t count) {
    auto file = event::RecordFile::open(path);
    if (!file) {
        throw std::runtime_error(file.error());
    }
    const auto started = Clock::now();
    event::Event event;
    std::uint64_t read = 0;
    while (const auto line = file->next(event)) {
        read += *line == event::Line::event ? 1 : 0;
    }
    if (read != count) {
        throw std::runtime_error("The record was not read back: " + file->reader().problem());
    }
    return seconds_since(started);
}

}  // namespace

int main(int argc, char** argv) try {
    const std::string path = argc > 1 ? argv[1] : "";
    const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
    const double written = write_record(path, count);
    const double read = read_record(path, count);
    std::printf("{\"written_per_second\": %.0f, \"read_per_second\": %.0f}\n",
                static_cast<double>(count) / written, static_cast<double>(count) / read);
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "bench_record: %s\n", error.what());
    return 1;
}
