#include "packets/packets.hpp"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ghostpeer::packets {
namespace {

struct FileCloser {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

struct CaptureCloser {
    void operator()(pcap_t* capture) const noexcept { ::pcap_close(capture); }
};
using Handle = std::unique_ptr<pcap_t, CaptureCloser>;

constexpr std::size_t read_ahead = std::size_t{1} << 20U;

[[nodiscard]] std::optional<LinkType> known(int type) noexcept {
    switch (type) {
        case DLT_EN10MB: return LinkType::ethernet;
        case DLT_LINUX_SLL: return LinkType::cooked;
        case DLT_LINUX_SLL2: return LinkType::cooked_v2;
        case DLT_RAW:
        case DLT_IPV4:
        case DLT_IPV6: return LinkType::raw;
        case DLT_NULL: return LinkType::null;
        case DLT_LOOP: return LinkType::loop;
        default: return std::nullopt;
    }
}

class LibpcapFile final : public CaptureFile {
  public:
    LibpcapFile(Handle capture, LinkType link_type, std::uint64_t size)
        : capture_(std::move(capture)), link_type_(link_type), size_(size) {}

    [[nodiscard]] LinkType link_type() const noexcept override { return link_type_; }

    [[nodiscard]] bool next(CapturedPacket& packet) noexcept override {
        pcap_pkthdr* header = nullptr;
        const u_char* bytes = nullptr;
        const int result = ::pcap_next_ex(capture_.get(), &header, &bytes);
        if (result == 1) {
            // libpcap puts nanoseconds where microseconds were, as it was asked to.
            // A file may tell of any time; none that can be told in nanoseconds is after 2255.
            constexpr std::int64_t latest = 9'000'000'000;
            constexpr std::int64_t second = 1'000'000'000;
            packet.at =
                std::chrono::seconds(std::clamp<std::int64_t>(header->ts.tv_sec, 0, latest)) +
                std::chrono::nanoseconds(std::clamp<std::int64_t>(header->ts.tv_usec, 0, second));
            packet.length = header->len;
            packet.bytes = {bytes, header->caplen};
            return true;
        }
        if (result != PCAP_ERROR_BREAK) {
            try {
                failure_ = ::pcap_geterr(capture_.get());
            } catch (const std::exception&) {
                failure_ = "no memory";  // short enough for the string itself
            }
        }
        return false;
    }

    [[nodiscard]] const std::string& failure() const noexcept override { return failure_; }

    [[nodiscard]] std::uint64_t position() const noexcept override {
        const auto at = ::ftello(::pcap_file(capture_.get()));
        return at < 0 ? 0 : static_cast<std::uint64_t>(at);
    }
    [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }

  private:
    Handle capture_;
    LinkType link_type_;
    std::uint64_t size_;
    std::string failure_;
};

/// What a file is that libpcap does not know, by its first bytes; empty: nobody knows.
[[nodiscard]] std::string_view way_out(std::string_view begin) noexcept {
    struct Known {
        std::string_view magic;
        std::string_view what;
    };
    using namespace std::string_view_literals;
    constexpr std::array known{
        Known{"\x1f\x8b"sv, "It is compressed: 'zcat FILE | ghostpeer learn -' reads it."},
        Known{"\x28\xb5\x2f\xfd"sv,
              "It is compressed: 'zstdcat FILE | ghostpeer learn -' reads it."},
        Known{"\xfd\x37zXZ"sv, "It is compressed: 'xzcat FILE | ghostpeer learn -' reads it."},
        Known{"{"sv,
              "It looks like the record of a run: 'ghostpeer report' and 'ghostpeer judge' read "
              "that."},
        Known{"snoop\0"sv, "It is of snoop: 'editcap FILE new.pcapng' (Wireshark) converts it."}};
    for (const Known& one : known) {
        if (begin.starts_with(one.magic)) {
            return one.what;
        }
    }
    return begin.empty()
               ? "It is empty."sv
               : "'ghostpeer learn' reads pcap and pcapng, which tcpdump, Wireshark and 'ghostpeer "
                 "run --pcap' write; 'editcap FILE new.pcapng' (Wireshark) converts others."sv;
}

/// Where the bytes that are there can be read again.
[[nodiscard]] std::string first_bytes(std::FILE* file) {
    std::string begin(8, '\0');
    if (::fseeko(file, 0, SEEK_SET) != 0) {
        return "?";
    }
    begin.resize(std::fread(begin.data(), 1, begin.size(), file));
    return begin;
}

[[nodiscard]] OpenedCapture open_stream(File file, const std::string& name) {
    struct stat found {};
    const bool is_file = ::fstat(::fileno(file.get()), &found) == 0 && S_ISREG(found.st_mode);
    if (S_ISDIR(found.st_mode)) {
        return tl::make_unexpected(name + " is a folder. Name a capture in it.");
    }
    static_cast<void>(std::setvbuf(file.get(), nullptr, _IOFBF, read_ahead));
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    Handle capture(::pcap_fopen_offline_with_tstamp_precision(
        file.get(), PCAP_TSTAMP_PRECISION_NANO, error.data()));
    if (!capture) {
        return tl::make_unexpected(fmt::format("{} is no capture ({}). {}", name, error.data(),
                                               way_out(first_bytes(file.get()))));
    }
    static_cast<void>(file.release());  // libpcap closes it
    const int type = ::pcap_datalink(capture.get());
    const auto link_type = known(type);
    if (!link_type) {
        const char* const word = ::pcap_datalink_val_to_name(type);
        const char* const description = ::pcap_datalink_val_to_description(type);
        return tl::make_unexpected(fmt::format(
            "{} has link type {} ({}), which is not read: Ethernet, Linux cooked (v1, v2), raw IP "
            "and loopback are. Capture on an interface of these ('tcpdump -i any').",
            name, word == nullptr ? std::to_string(type) : std::string(word),
            description == nullptr ? "unknown" : description));
    }
    return std::make_unique<LibpcapFile>(
        std::move(capture), *link_type,
        is_file && found.st_size > 0 ? static_cast<std::uint64_t>(found.st_size) : 0);
}

}  // namespace

OpenedCapture open_with_libpcap(const std::string& path) noexcept {
    try {
        if (path == "-") {
            // A copy, so that standard input stays open when the capture is closed.
            const int copy = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
            File file(copy < 0 ? nullptr : ::fdopen(copy, "rb"));
            if (!file) {
                return tl::make_unexpected(
                    fmt::format("Standard input cannot be read: {}.", std::strerror(errno)));
            }
            return open_stream(std::move(file), "Standard input");
        }
        File file(std::fopen(path.c_str(), "rbe"));
        if (!file) {
            return tl::make_unexpected(
                fmt::format("{} cannot be read: {}.", path, std::strerror(errno)));
        }
        return open_stream(std::move(file), path);
    } catch (const std::exception&) {
        return tl::make_unexpected(std::string());  // no memory: not even for a sentence
    }
}

OpenedCapture open_with_libpcap(std::span<const std::uint8_t> bytes) noexcept {
    try {
        // It is only read from, as its mode says.
        File file(::fmemopen(const_cast<std::uint8_t*>(bytes.data()), bytes.size(), "rb"));
        if (!file) {
            return tl::make_unexpected(std::string("There are no bytes."));
        }
        return open_stream(std::move(file), "The memory");
    } catch (const std::exception&) {
        return tl::make_unexpected(std::string());
    }
}

}  // namespace ghostpeer::packets
