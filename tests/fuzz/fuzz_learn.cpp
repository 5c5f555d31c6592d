// libFuzzer target: whatever stands in a capture, its conversations are learned, and what is
// written is a profile that can be loaded, with files of names of our own.
//
// The input is a byte of options, then packets: two bytes of length, one of time, and that many of
// an IP packet.
#include "capture/read.hpp"
#include "learn/learn.hpp"
#include "packets/packets.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

using namespace ghostpeer;

namespace {

class Bytes final : public packets::CaptureFile {
  public:
    explicit Bytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    [[nodiscard]] packets::LinkType link_type() const noexcept override {
        return packets::LinkType::raw;
    }
    [[nodiscard]] bool next(packets::CapturedPacket& packet) noexcept override {
        if (bytes_.size() < 3) {
            return false;
        }
        const std::size_t length =
            std::min<std::size_t>(bytes_[0] << 8U | bytes_[1], bytes_.size() - 3);
        at_ += std::chrono::milliseconds(bytes_[2]) * bytes_[2];
        packet.at = at_;
        packet.bytes = bytes_.subspan(3, length);
        packet.length = static_cast<std::uint32_t>(length);
        bytes_ = bytes_.subspan(3 + length);
        return true;
    }
    [[nodiscard]] const std::string& failure() const noexcept override { return none_; }
    [[nodiscard]] std::uint64_t position() const noexcept override { return 0; }
    [[nodiscard]] std::uint64_t size() const noexcept override { return 0; }

  private:
    std::span<const std::uint8_t> bytes_;
    Duration at_{};
    std::string none_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    Bytes file({data + 1, size - 1});
    capture::ReadOptions options;
    options.keep.all = true;
    const capture::Capture capture = capture::read_capture(file, options);
    for (const capture::Conversation& conversation : capture.conversations) {
        learn::Options learning;
        learning.peer = (data[0] & 1U) != 0 ? capture::Side::client : capture::Side::server;
        learning.strict = (data[0] & 2U) != 0;
        learning.redact = (data[0] & 4U) != 0;
        learning.effort = 50'000;
        const learn::Lesson lesson = learn::learn({&conversation}, learning, packets::library());
        if (lesson.error.empty() == lesson.profile.text.empty()) {
            std::abort();
        }
        for (const learn::PayloadFile& payload : lesson.profile.files) {
            if (!payload.name.starts_with("said-") || payload.name.find('/') != std::string::npos) {
                std::abort();
            }
        }
    }
    return 0;
}
