// libFuzzer target: whatever comes to the name server, a question is read or refused, and each
// answer has the question's head, fits where it has to, and is no question itself.
#include "packets/packets.hpp"

#include <array>
#include <cstdlib>
#include <string_view>

using namespace ghostpeer::wire;
using namespace ghostpeer::packets;

namespace {

constexpr std::size_t header = 12;
constexpr std::size_t longest_name = 255;
constexpr std::size_t longest_record = longest_name + 10 + 16;
constexpr std::uint8_t is_answer = 0x80;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

/// The same number, the bit that says what it is, and nobody answers it.
void check_answer(std::span<const std::uint8_t> question, const Bytes& answer) {
    require(answer.size() >= header);
    require(answer[0] == question[0] && answer[1] == question[1]);
    require((answer[2] & is_answer) != 0);
    require(!parse_dns_query(answer));
    require(dns_format_error(answer).empty());
}

void check_query(std::span<const std::uint8_t> question, const DnsQuery& query) {
    require(query.head.size() >= header && query.head.size() <= question.size());
    require(query.name.size() <= 4 * longest_name);  // as \ddd
    for (const char c : query.name) {
        require(c > ' ' && c < 0x7f && !(c >= 'A' && c <= 'Z'));
    }
    const auto again = parse_dns_query(query.head);
    require(again && again->name == query.name && again->type == query.type);
    const std::array<IpAddress, 2> four{*IpAddress::parse("198.18.0.2"),
                                        *IpAddress::parse("198.18.0.3")};
    const std::array<IpAddress, 1> six{*IpAddress::parse("2001:2::2")};
    const std::array<std::span<const IpAddress>, 3> all{std::span<const IpAddress>(four),
                                                        std::span<const IpAddress>(six),
                                                        std::span<const IpAddress>()};
    // Only hosts have addresses, and their names nothing that is written as `\ddd`.
    const bool host = query.name.find('\\') == std::string::npos;
    for (const auto& addresses : host ? std::span(all) : std::span(all).last(1)) {
        const Bytes answer = compose_dns_answer(query, DnsOutcome::no_error, addresses);
        check_answer(question, answer);
        require(answer.size() <= query.head.size() + addresses.size() * longest_record);
    }
    check_answer(question, compose_dns_answer(query, DnsOutcome::name_error, {}));
    check_answer(question, dns_truncated(query));
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::uint8_t> message(data, size);
    if (const auto query = parse_dns_query(message)) {
        check_query(message, *query);
    } else if (const Bytes refusal = dns_format_error(message); !refusal.empty()) {
        check_answer(message, refusal);
    }
    return 0;
}
