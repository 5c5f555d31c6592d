#include "compare/recorded.hpp"

#include "event/record_file.hpp"
#include "ghostpeer/event/event.hpp"
#include "ghostpeer/wire/codec.hpp"

#include <exception>
#include <memory>
#include <utility>
#include <variant>

namespace ghostpeer::compare {
namespace {

class Recorded final : public packets::CaptureFile {
  public:
    explicit Recorded(event::RecordFile file) : file_(std::move(file)) {}

    [[nodiscard]] packets::LinkType link_type() const noexcept override {
        return packets::LinkType::raw;
    }
    [[nodiscard]] bool next(packets::CapturedPacket& packet) noexcept override {
        try {
            return read(packet);
        } catch (const std::exception&) {
            failure_ = "no memory";
            return false;
        }
    }
    [[nodiscard]] const std::string& failure() const noexcept override { return failure_; }
    [[nodiscard]] std::uint64_t position() const noexcept override { return 0; }
    [[nodiscard]] std::uint64_t size() const noexcept override { return 0; }

  private:
    [[nodiscard]] bool read(packets::CapturedPacket& packet) {
        event::Event event;
        while (const auto line = file_.next(event)) {
            const auto* const segment =
                *line == event::Line::event ? std::get_if<event::Segment>(&event.what) : nullptr;
            // What arrived and was held is told a second time when it goes on.
            const bool again =
                segment != nullptr && event.of != 0 && segment->direction == event::Direction::in;
            if (segment == nullptr || again || !was_seen(*segment)) {
                continue;
            }
            bytes_ = wire::encode(segment->segment);
            packet = {event.at.time_since_epoch(), static_cast<std::uint32_t>(bytes_.size()),
                      bytes_};
            return true;
        }
        failure_ = file_.failure();
        return false;
    }

    [[nodiscard]] static bool was_seen(const event::Segment& segment) noexcept {
        const bool out = segment.direction == event::Direction::out;
        switch (segment.fate) {
            case event::Fate::delayed:  // where it is `out`, another event tells when it left
            case event::Fate::dropped:
            case event::Fate::undelivered: return !out;
            case event::Fate::accepted:
            case event::Fate::sent:
            case event::Fate::duplicated:
            case event::Fate::corrupted:
            case event::Fate::edited: return true;
        }
        return true;
    }

    event::RecordFile file_;
    wire::Bytes bytes_;
    std::string failure_;
};

}  // namespace

packets::OpenedCapture open_recorded(const std::string& path) {
    auto file = event::RecordFile::open(path);
    if (!file) {
        return tl::make_unexpected(file.error());
    }
    return std::make_unique<Recorded>(std::move(*file));
}

}  // namespace ghostpeer::compare
