#include "show/pcap.hpp"

#include "show/capture_format.hpp"
#include "show/file_sink.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace ghostpeer::show {

namespace {

// The file format of draft-ietf-opsawg-pcap, in this machine's byte order, as the magic tells.
constexpr std::uint32_t magic_nanoseconds = 0xa1b23c4d;

class Capture final : public FileSink {
  public:
    Capture(OutputFile file, Duration epoch) : FileSink(std::move(file)), epoch_(epoch) {
        constexpr std::uint32_t reserved = 0;
        output().write(bytes_of(std::array{magic_nanoseconds, version(), reserved, reserved,
                                           snapshot_length, link_type_raw}));
    }

    void record(const event::Event& event) override {
        const auto* packet = std::get_if<event::Packet>(&event.what);
        if (packet == nullptr) {
            return;
        }
        const auto since_1970 = epoch_ + event.at.time_since_epoch();
        const auto whole = std::chrono::floor<std::chrono::seconds>(since_1970);
        const auto length = static_cast<std::uint32_t>(packet->bytes.size());
        const std::uint32_t kept = std::min(length, snapshot_length);
        // In one piece: what is lost is counted by packets.
        record_ = bytes_of(std::array{static_cast<std::uint32_t>(whole.count()),
                                      static_cast<std::uint32_t>((since_1970 - whole).count()),
                                      kept, length});
        record_.append(reinterpret_cast<const char*>(packet->bytes.data()), kept);
        output().write(record_);
    }

  private:
    /// Major version, then minor, 16 bits each.
    [[nodiscard]] static std::uint32_t version() noexcept {
        return std::bit_cast<std::uint32_t>(std::array<std::uint16_t, 2>{2, 4});
    }
    template <std::size_t Count>
    [[nodiscard]] static std::string_view bytes_of(
        const std::array<std::uint32_t, Count>& numbers) noexcept {
        return {reinterpret_cast<const char*>(numbers.data()), sizeof numbers};
    }

    Duration epoch_;
    std::string record_;  ///< kept for its memory
};

}  // namespace

std::unique_ptr<event::Sink> make_capture(OutputFile file, Duration epoch) {
    return std::make_unique<Capture>(std::move(file), epoch);
}

}  // namespace ghostpeer::show
