#include "show/pcap.hpp"
#include "show_samples.hpp"

#include <doctest/doctest.h>
#include <pcap/pcap.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::show;
using namespace ghostpeer::show::test;

namespace {

struct Read {
    long seconds;
    long nanoseconds;
    std::vector<std::uint8_t> bytes;
};

const std::array<std::uint8_t, 3> first{0x45, '\n', 0};
const std::array<std::uint8_t, 1> second{0x60};

}  // namespace

TEST_CASE("capture: libpcap reads back what was written, to the nanosecond") {
    const auto path = (std::filesystem::temp_directory_path() /
                       ("ghostpeer-capture-" + std::to_string(::getpid())))
                          .string();
    {
        auto file = OutputFile::open(path, "packet capture");
        REQUIRE(file);
        const auto capture = make_capture(std::move(*file), 1'700'000'000'999'999'999ns);
        capture->record({at(1ns), 0, 0, event::Packet{event::Direction::in, first}});
        capture->record({at(2s), 0, 0, event::Packet{event::Direction::out, second}});
        capture->finish();
        CHECK_FALSE(capture->lost());
    }
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    auto* in = ::pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO,
                                                         error.data());
    REQUIRE(in != nullptr);
    CHECK(::pcap_datalink(in) == DLT_RAW);
    std::vector<Read> packets;
    pcap_pkthdr* header = nullptr;
    const u_char* bytes = nullptr;
    while (::pcap_next_ex(in, &header, &bytes) == 1) {
        packets.push_back({header->ts.tv_sec, header->ts.tv_usec, {bytes, bytes + header->caplen}});
        CHECK(header->len == header->caplen);
    }
    ::pcap_close(in);
    std::filesystem::remove(path);
    REQUIRE(packets.size() == 2);
    CHECK(packets[0].seconds == 1'700'000'001);
    CHECK(packets[0].nanoseconds == 0);
    CHECK(packets[0].bytes == std::vector<std::uint8_t>(first.begin(), first.end()));
    CHECK(packets[1].seconds == 1'700'000'002);
    CHECK(packets[1].nanoseconds == 999'999'999);
    CHECK(packets[1].bytes == std::vector<std::uint8_t>(second.begin(), second.end()));
}

TEST_CASE("capture: an empty one is a valid file") {
    const Pipe pipe;
    const auto capture = make_capture(pipe.file(), 0ns);
    capture->finish();
    CHECK(pipe.take().size() == 24);
}

TEST_CASE("capture: a full disk costs packets, not the run") {
    auto file = OutputFile::open("/dev/full", "packet capture");
    REQUIRE(file);
    const auto capture = make_capture(std::move(*file), 0ns);
    capture->record({at(0s), 0, 0, event::Packet{event::Direction::in, first}});
    capture->flush();
    capture->record({at(1s), 0, 0, event::Packet{event::Direction::in, first}});
    capture->finish();
    CHECK(capture->lost() ==
          "The packet capture in /dev/full is cut short, 3 records are missing at its end: "
          "No space left on device.");
}
