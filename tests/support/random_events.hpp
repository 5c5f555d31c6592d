// Events of every kind with random values, as far as a record can have them.
#pragma once

#include "ghostpeer/event/call.hpp"
#include "ghostpeer/event/event.hpp"
#include "ghostpeer/event/run.hpp"
#include "ghostpeer/event/tally.hpp"
#include "ghostpeer/event/verdict.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ghostpeer::test {

class RandomEvents {
  public:
    explicit RandomEvents(std::uint64_t seed) : random_(seed) {}

    static constexpr std::size_t kinds = std::variant_size_v<decltype(event::Event::what)>;

    /// `kind`: which alternative of Event::what.
    event::Event next(std::size_t kind) {
        event::Event event;
        event.at = at();
        event.id = number<std::uint64_t>();
        event.cause = number<std::uint64_t>();
        event.of = number<std::uint64_t>();
        event.connection = number<std::uint64_t>();
        event.attempt = event.connection == 0 ? 0 : number<std::uint32_t>();
        make(event, kind);
        return event;
    }

    bool coin() { return (random_() & 1U) != 0; }
    /// Small, large, or 0.
    template <typename Number>
    Number number() {
        const std::uint64_t all = random_();
        const std::uint64_t three = 3;
        switch (random_() % three) {
            case 0: return static_cast<Number>(all);
            case 1: return static_cast<Number>(all % 100);
            default: return 0;
        }
    }
    std::string text() {
        static constexpr std::array<std::string_view, 12> parts{"a",
                                                                "\"",
                                                                "\\",
                                                                "\n",
                                                                "\x1b",
                                                                "\x7f",
                                                                "ü",
                                                                "€",
                                                                "\xf0\x9f\x91\xbb",
                                                                "</script>&",
                                                                std::string_view("\0", 1),
                                                                "0123456789"};
        std::string made;
        for (std::size_t left = random_() % 8; left > 0; --left) {
            made += parts[random_() % parts.size()];
        }
        return made;
    }

  private:
    template <typename Made>
    std::optional<Made> maybe(Made made) {
        return coin() ? std::optional(std::move(made)) : std::nullopt;
    }
    template <typename Enum>
    Enum word(std::size_t count) {
        return static_cast<Enum>(random_() % count);
    }
    Duration length() {
        return Duration(static_cast<std::int64_t>(number<std::uint64_t>() % 1'000'000'000'000'000));
    }
    Instant at() { return run_start + length(); }
    wire::IpAddress address() {
        if (coin()) {
            return wire::IpAddress::v4(number<std::uint32_t>());
        }
        std::array<std::uint8_t, 16> bytes{0x20, 0x01};
        for (std::size_t i = 2; i < bytes.size(); ++i) {
            bytes[i] = number<std::uint8_t>();
        }
        return wire::IpAddress::v6(bytes);
    }
    wire::Endpoint endpoint() { return {address(), number<std::uint16_t>()}; }
    wire::Flow flow() { return {endpoint(), endpoint()}; }
    profile::Place place() {
        return {std::make_shared<const std::string>(text()), number<int>() & 0xffff, 0};
    }
    wire::SeqNum number_on_the_wire() { return wire::SeqNum(number<std::uint32_t>()); }
    wire::Bytes bytes(std::size_t most) {
        wire::Bytes made(random_() % (most + 1));
        for (auto& each : made) {
            each = number<std::uint8_t>();
        }
        return made;
    }
    template <typename Make>
    auto list(Make make) {
        std::vector<decltype(make())> made;
        for (std::size_t left = random_() % 4; left > 0; --left) {
            made.push_back(make());
        }
        return made;
    }
    std::vector<std::string> texts() {
        return list([this] { return text(); });
    }

    void make(event::Event& event, std::size_t kind);
    event::Segment segment(Instant now);
    event::Icmp icmp();
    event::Socket socket();
    event::Call call();
    event::Verdict verdict();
    event::Run run();
    event::Profile profile();
    event::AttemptRecord attempt(const event::Event& event);
    event::Tally tally();
    event::Counters counters();
    event::End end();

    std::mt19937_64 random_;
};

}  // namespace ghostpeer::test
