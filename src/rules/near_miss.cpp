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
        case What::request: return "the most of one connection were " + value;
        case What::count: return "it came " + value + " times at most on one connection";
        case What::total: return "the most that was reached is " + value + " bytes";
    }
    return {};
}

}  // namespace ghostpeer::rules
