// DNS messages: questions read, answers written, and nothing that hurts.
#include "packets/packets.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>

using namespace ghostpeer::wire;
using namespace ghostpeer::packets;

namespace {

/// A question as a C library sends it; `name` with dots.
Bytes question(const std::string& name, std::uint16_t type = dns_type_a) {
    Bytes message{0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0};
    std::size_t from = 0;
    while (from < name.size()) {
        const std::size_t end = std::min(name.find('.', from), name.size());
        message.push_back(static_cast<std::uint8_t>(end - from));
        message.insert(message.end(), name.begin() + static_cast<std::ptrdiff_t>(from),
                       name.begin() + static_cast<std::ptrdiff_t>(end));
        from = end + 1;
    }
    message.push_back(0);
    for (const int byte : {type >> 8, type & 0xff, 0, 1}) {
        message.push_back(static_cast<std::uint8_t>(byte));
    }
    return message;
}

std::string hex(const Bytes& bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
        constexpr std::string_view digits = "0123456789abcdef";
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

DnsQuery parsed(const Bytes& message) {
    const auto query = parse_dns_query(message);
    REQUIRE(query);
    return *query;
}

}  // namespace

TEST_CASE("a question is read") {
    const DnsQuery query = parsed(question("DB.Example", dns_type_aaaa));
    CHECK(query.name == "db.example");
    CHECK(query.type == dns_type_aaaa);
    CHECK(query.question_class == dns_class_internet);
    CHECK(query.opcode == 0);
    CHECK(parsed(question("")).name.empty());
    CHECK(parsed(question("a b.c")).name == "a\\032b.c");
    CHECK(parsed(question(std::string(63, 'x') + ".y")).name.size() == 65);
}

TEST_CASE("an EDNS record behind the question is left aside") {
    Bytes message = question("db.example");
    message[11] = 1;
    for (const int byte : {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0}) {
        message.push_back(static_cast<std::uint8_t>(byte));
    }
    const DnsQuery query = parsed(message);
    CHECK(query.name == "db.example");
    // One question, one answer, nothing else.
    const std::array addresses{*IpAddress::parse("198.18.0.2")};
    const Bytes answer = compose_dns_answer(query, DnsOutcome::no_error, addresses);
    CHECK(hex({answer.begin(), answer.begin() + 12}) == "123481800001000100000000");
}

TEST_CASE("answers have the question, the flags and the addresses") {
    const DnsQuery query = parsed(question("Db.example"));
    const std::array addresses{*IpAddress::parse("198.18.0.2"), *IpAddress::parse("198.18.0.3")};
    const Bytes answer = compose_dns_answer(query, DnsOutcome::no_error, addresses);
    // The name in the question stands as it was asked (RFC 1035; draft-vixie-dnsext-dns0x20).
    CHECK(hex(answer) ==
          "1234"
          "8180"
          "0001"
          "0002"
          "0000"
          "0000"
          "02446207"
          "6578616d706c65"
          "00"
          "0001"
          "0001"
          "026462"
          "07"
          "6578616d706c65"
          "00"
          "0001"
          "0001"
          "0000003c"
          "0004"
          "c6120002"
          "026462"
          "07"
          "6578616d706c65"
          "00"
          "0001"
          "0001"
          "0000003c"
          "0004"
          "c6120003");
    const std::array six{*IpAddress::parse("2001:2::2")};
    const Bytes answer6 =
        compose_dns_answer(parsed(question("a", dns_type_aaaa)), DnsOutcome::no_error, six);
    CHECK(hex(answer6) ==
          "1234"
          "8180"
          "0001"
          "0001"
          "0000"
          "0000"
          "0161"
          "00"
          "001c"
          "0001"
          "0161"
          "00"
          "001c"
          "0001"
          "0000003c"
          "0010"
          "20010002000000000000000000000002");
}

TEST_CASE("outcomes without addresses") {
    const DnsQuery query = parsed(question("x"));
    CHECK(hex(compose_dns_answer(query, DnsOutcome::name_error)) ==
          "1234"
          "8183"
          "0001"
          "0000"
          "0000"
          "0000"
          "0178"
          "00"
          "0001"
          "0001");
    CHECK(hex(dns_truncated(query)) ==
          "1234"
          "8380"
          "0001"
          "0000"
          "0000"
          "0000"
          "0178"
          "00"
          "0001"
          "0001");
    CHECK(hex(dns_format_error(question("x"))) ==
          "1234"
          "8001"
          "0000"
          "0000"
          "0000"
          "0000");
    Bytes response = question("x");
    response[2] |= 0x80;
    CHECK(dns_format_error(response).empty());
    CHECK(dns_format_error(Bytes(11)).empty());
}

TEST_CASE("what is no question is none") {
    const Bytes good = question("db.example");
    for (std::size_t n = 0; n < good.size(); ++n) {
        CHECK_FALSE(parse_dns_query({good.data(), n}));
    }
    Bytes response = good;
    response[2] |= 0x80;
    CHECK_FALSE(parse_dns_query(response));
    for (const int count : {0, 2, 255}) {
        Bytes counted = good;
        counted[5] = static_cast<std::uint8_t>(count);
        CHECK_FALSE(parse_dns_query(counted));
    }
}

TEST_CASE("compression in a question, loops among them, is refused") {
    for (const int target : {0, 11, 12, 13, 14, 255}) {
        Bytes message{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
        for (const int byte : {0xc0, target, 0, 1, 0, 1}) {
            message.push_back(static_cast<std::uint8_t>(byte));
        }
        CHECK_FALSE(parse_dns_query(message));
        message.insert(message.begin() + 12, {1, 'a'});
        CHECK_FALSE(parse_dns_query(message));
    }
    for (const int length : {64, 127, 128, 191, 255}) {
        Bytes message = question("db.example");
        message[12] = static_cast<std::uint8_t>(length);
        message.resize(400);
        CHECK_FALSE(parse_dns_query(message));
    }
}

TEST_CASE("names have their limits") {
    std::string longest;
    for (int i = 0; i < 3; ++i) {
        longest += std::string(63, 'x') + '.';
    }
    CHECK(parse_dns_query(question(longest + std::string(61, 'y'))));
    CHECK_FALSE(parse_dns_query(question(longest + std::string(62, 'y'))));
    Bytes endless(70'000, 1);
    endless[2] = endless[4] = 0;
    CHECK_FALSE(parse_dns_query(endless));
}

TEST_CASE("any bytes are read without harm, and what they say is answered") {
    std::mt19937 random(7);
    for (int i = 0; i < 20'000; ++i) {
        Bytes message(random() % 80);
        for (auto& byte : message) {
            byte = static_cast<std::uint8_t>(random());
        }
        if (message.size() >= 12 && i % 2 == 0) {
            message[2] &= 0x7f;
            message[4] = 0;
            message[5] = 1;
        }
        const auto query = parse_dns_query(message);
        if (query) {
            const std::array addresses{*IpAddress::parse("198.18.0.2"),
                                       *IpAddress::parse("2001:2::2")};
            static_cast<void>(compose_dns_answer(*query, DnsOutcome::name_error));
            static_cast<void>(compose_dns_answer(*query, DnsOutcome::no_error, addresses));
            static_cast<void>(dns_truncated(*query));
        }
        static_cast<void>(dns_format_error(message));
    }
}
