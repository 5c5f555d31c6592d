#include "show/pcap.hpp"
#include "show/file_sink.hpp"

#include <pcap/pcap.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

namespace ghostpeer::show {

namespace {

constexpr int snapshot_length = 262'144;

/// libpcap writes to a FILE and reports no errors of single packets. This FILE hands its bytes to a
/// string, and the OutputFile behind it does the bounded, counted writing.
struct Staging {
    std::string bytes;

    static ssize_t write(void* cookie, const char* bytes, std::size_t n) {
        static_cast<Staging*>(cookie)->bytes.append(bytes, n);
        return static_cast<ssize_t>(n);
    }
};

class Capture final : public FileSink {
  public:
    Capture(OutputFile file, Duration epoch) : FileSink(std::move(file)), epoch_(epoch) {
        pcap_ = ::pcap_open_dead_with_tstamp_precision(DLT_RAW, snapshot_length,
                                                       PCAP_TSTAMP_PRECISION_NANO);
        cookie_io_functions_t functions{};
        functions.write = &Staging::write;
        std::FILE* stream = ::fopencookie(&staging_, "w", functions);
        if (pcap_ == nullptr || stream == nullptr) {
            if (stream != nullptr) {
                std::fclose(stream);
            }
            return;
        }
        std::setvbuf(stream, nullptr, _IONBF, 0);
        dumper_ = ::pcap_dump_fopen(pcap_, stream);
        hand_over();
    }
    ~Capture() override {
        if (dumper_ != nullptr) {
            ::pcap_dump_close(dumper_);
        }
        if (pcap_ != nullptr) {
            ::pcap_close(pcap_);
        }
    }
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;

    void record(const event::Event& event) override {
        const auto* packet = std::get_if<event::Packet>(&event.what);
        if (packet == nullptr || dumper_ == nullptr) {
            return;
        }
        const auto since_1970 = epoch_ + event.at.time_since_epoch();
        const auto whole = std::chrono::floor<std::chrono::seconds>(since_1970);
        pcap_pkthdr header{};
        header.ts.tv_sec = whole.count();
        // With nanosecond precision libpcap takes tv_usec for nanoseconds (pcap_dump(3PCAP)).
        header.ts.tv_usec = (since_1970 - whole).count();
        header.len = static_cast<bpf_u_int32>(packet->bytes.size());
        header.caplen = std::min<bpf_u_int32>(header.len, snapshot_length);
        // pcap_dump is a pcap_handler, whose first argument must be disguised.
        ::pcap_dump(reinterpret_cast<u_char*>(dumper_), &header, packet->bytes.data());
        hand_over();
    }

    [[nodiscard]] std::optional<std::string> lost() const override {
        if (dumper_ == nullptr) {
            return "There is no packet capture: libpcap could not begin one.";
        }
        return FileSink::lost();
    }

  private:
    void hand_over() {
        if (!staging_.bytes.empty()) {
            output().write(staging_.bytes);
            staging_.bytes.clear();
        }
    }

    Duration epoch_;
    Staging staging_;
    ::pcap_t* pcap_ = nullptr;
    ::pcap_dumper_t* dumper_ = nullptr;
};

}  // namespace

std::unique_ptr<event::Sink> make_capture(OutputFile file, Duration epoch) {
    return std::make_unique<Capture>(std::move(file), epoch);
}

}  // namespace ghostpeer::show
