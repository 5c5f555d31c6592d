#include "rules/near_miss.hpp"

#include "ghostpeer/tcp/names.hpp"
#include "ghostpeer/wire/format.hpp"

namespace ghostpeer::rules {

std::string describe(const NearMiss& miss) {
    using What = NearMiss::What;
    const std::string value = std::to_string(miss.value);
    switch (miss.what) {
        case What::none: return {};
        case What::state:
            return "`state` was " + std::string(tcp::name(static_cast<tcp::State>(miss.value)));
        case What::attempt: return "the nearest `attempt` was " + value;
        case What::port: return "the nearest `port` was " + value;
        case What::address: return "the peer's address was another one";
        case What::length: return "the nearest `length` was " + value;
        case What::packet_length: return "the nearest `packet_length` was " + value;
        case What::received: return "the nearest `received` was " + value;
        case What::sent: return "the nearest `sent` was " + value;
        case What::elapsed:
            return "the nearest `elapsed` was " +
                   std::to_string(static_cast<double>(miss.value) / 1e9) + " s";
        case What::retransmitted: return "`retransmitted` did not hold";
        case What::flags:
            return "`flags` were \"" +
                   wire::flag_letters(wire::Flags{static_cast<std::uint8_t>(miss.value)}) + "\"";
        case What::payload: return "`payload` was in no segment";
        case What::seq:
            return "the nearest `seq` was " + std::to_string(static_cast<std::int64_t>(miss.value));
        case What::ack:
            return "the nearest `ack` was " + std::to_string(static_cast<std::int64_t>(miss.value));
        case What::window: return "the nearest `window` was " + value;
        case What::some_flags:
            return "the flags were \"" +
                   wire::flag_letters(wire::Flags{static_cast<std::uint8_t>(miss.value)}) + "\"";
        case What::sack: return "`sack` did not hold";
        case What::option: return "the options were others";
        case What::mss: return "the nearest `mss` was " + value;
        case What::window_scale: return "the nearest `window_scale` was " + value;
        case What::urgent: return "the nearest `urgent` was " + value;
        case What::ttl: return "the nearest `ttl` was " + value;
        case What::tos: return "the nearest `tos` was " + value;
        case What::ecn: return "`ecn` was " + value;
        case What::df: return "`df` did not hold";
        case What::id: return "the nearest `id` was " + value;
        case What::within:
            return "the nearest was " + std::to_string(static_cast<double>(miss.value) / 1e9) +
                   " s after the event of `within`";
        case What::reference: return "the event of `within` had not come";
        case What::request: return "the most of one connection were " + value;
        case What::count: return "it came " + value + " times at most on one connection";
        case What::total: return "the most that was reached is " + value + " bytes";
    }
    return {};
}

}  // namespace ghostpeer::rules
