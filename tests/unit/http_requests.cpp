// Requests and answers out of bytes: what is taken, what is refused, and that nothing grows.
#include "http/request_reader.hpp"
#include "http/response_reader.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace ghostpeer;
using RequestState = http::RequestReader::State;

namespace {

/// Reads all of it, in pieces of that size.
http::RequestReader read_request(std::string_view text, std::size_t piece = 1000) {
    http::RequestReader reader;
    while (!text.empty()) {
        std::string_view part = text.substr(0, piece);
        const std::size_t before = part.size();
        reader.read(part);
        text.remove_prefix(before - part.size());
        if (reader.state() == RequestState::whole || reader.state() == RequestState::refused) {
            break;
        }
    }
    return reader;
}

int refusal(std::string_view text) {
    const auto reader = read_request(text);
    return reader.state() == RequestState::refused ? reader.refusal() : 0;
}

std::string with_fields(std::string_view fields) {
    return "POST /v1/actions HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n";
}

}  // namespace

TEST_CASE("a request is the same however its bytes come") {
    const std::string text =
        "\r\nPOST /v1/actions?x=%20 HTTP/1.1\r\nHost: ghostpeer\r\ncontent-length:  5 \r\n"
        "X-Empty:\r\n\r\nhello";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const auto reader = read_request(text, piece);
        REQUIRE(reader.state() == RequestState::whole);
        CHECK(reader.request().method == "POST");
        CHECK(reader.request().target == "/v1/actions?x=%20");
        CHECK(reader.request().body == "hello");
        CHECK(http::find_field(reader.request().headers, "HOST") == "ghostpeer");
        CHECK(http::find_field(reader.request().headers, "x-empty").empty());
        CHECK(reader.keeps_alive());
    }
}

TEST_CASE("reading stops behind the head, and behind the request") {
    std::string_view bytes = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nabGET /next";
    http::RequestReader reader;
    reader.read(bytes);
    CHECK(reader.state() == RequestState::body);
    CHECK(bytes == "abGET /next");
    reader.read(bytes);
    CHECK(reader.state() == RequestState::whole);
    CHECK(bytes == "GET /next");
}

TEST_CASE("a request without a length has no body") {
    std::string_view bytes = "POST / HTTP/1.1\r\nHost: x\r\n\r\n{}";
    http::RequestReader reader;
    reader.read(bytes);
    CHECK(reader.state() == RequestState::whole);
    CHECK(bytes == "{}");
}

TEST_CASE("chunks are put together, whatever their pieces") {
    const std::string text = with_fields("Transfer-Encoding: chunked\r\n") +
                             "5\r\nhello\r\n0006;x=y\r\n world\r\n0\r\nTrailer: x\r\n\r\n";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const auto reader = read_request(text, piece);
        REQUIRE(reader.state() == RequestState::whole);
        CHECK(reader.request().body == "hello world");
    }
    const auto chunked = [](std::string_view body) {
        return refusal(with_fields("Transfer-Encoding: chunked\r\n") + std::string(body));
    };
    CHECK(chunked("zz\r\n") == 400);
    CHECK(chunked("-1\r\n") == 400);
    CHECK(chunked("5\nhello") == 400);
    CHECK(chunked("5\r\nhello!\r\n") == 400);
    CHECK(chunked("ffffffffffffffff\r\n") == 413);
    CHECK(chunked("11111111111111111\r\n") == 400);
    CHECK(chunked("100001\r\n") == 413);
    CHECK(chunked(std::string(1000, '0')) == 400);
    CHECK(chunked("0\r\n" + std::string(5000, 'a')) == 400);
}

TEST_CASE("what two readers could take for two different requests is refused") {
    CHECK(refusal(with_fields("Content-Length: 1\r\nContent-Length: 2\r\n")) == 400);
    CHECK(refusal(with_fields("Content-Length: 1\r\nContent-Length: 1\r\n")) == 400);
    CHECK(refusal(with_fields("Content-Length: 1, 1\r\n")) == 400);
    CHECK(refusal(with_fields("Content-Length: +1\r\n")) == 400);
    CHECK(refusal(with_fields("Content-Length: -1\r\n")) == 400);
    CHECK(refusal(with_fields("Content-Length: 0x1\r\n")) == 400);
    CHECK(refusal(with_fields("Content-Length:\r\n")) == 400);
    CHECK(refusal(with_fields("Content-Length: 99999999999999999999999\r\n")) == 413);
    CHECK(refusal(with_fields("Content-Length: 1048577\r\n")) == 413);
    CHECK(refusal(with_fields("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n")) == 400);
    CHECK(refusal(with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")) ==
          400);
    CHECK(refusal(with_fields("Transfer-Encoding: gzip, chunked\r\n")) == 501);
    CHECK(refusal(with_fields("Transfer-Encoding: xchunked\r\n")) == 501);
    CHECK(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
    CHECK(refusal(with_fields("Content-Length : 1\r\n")) == 400);
    CHECK(refusal(with_fields(" Content-Length: 1\r\n")) == 400);
    CHECK(refusal(with_fields("X: a\r\n b\r\n")) == 400);
    CHECK(refusal(with_fields("X: a\nContent-Length: 1\r\n")) == 400);
    CHECK(refusal(with_fields("X: a\rContent-Length: 1\r\n")) == 400);
    CHECK(refusal(with_fields(std::string_view("X: a\0b\r\n", 8))) == 400);
    CHECK(refusal(with_fields("Host: y\r\n")) == 400);
    CHECK(refusal("GET / HTTP/1.1\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.0\r\n\r\n") == 0);
}

TEST_CASE("first lines that are none are refused") {
    for (const char* line :
         {"GET", "GET /", "GET  HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ", "GET  / HTTP/1.1",
          "G(T / HTTP/1.1", "GET x HTTP/1.1", "GET http://x/ HTTP/1.1", "GET /\x01 HTTP/1.1",
          "GET /a b HTTP/1.1", "GET / http/1.1", "\x16\x03\x01"}) {
        CHECK_MESSAGE(refusal(std::string(line) + "\r\nHost: x\r\n\r\n") == 400, line);
    }
    CHECK(refusal("GET / HTTP/2.0\r\nHost: x\r\n\r\n") == 505);
    CHECK(refusal("GET /\n\n") == 400);
    CHECK(refusal(with_fields("Expect: miracles\r\n")) == 417);
}

TEST_CASE("the connection's fate is read") {
    CHECK_FALSE(read_request(with_fields("Connection: x, Close\r\n")).keeps_alive());
    CHECK_FALSE(read_request("GET / HTTP/1.0\r\n\r\n").keeps_alive());
    CHECK(read_request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keeps_alive());
    CHECK(read_request(with_fields("Expect: 100-Continue\r\nContent-Length: 2\r\n"))
              .expects_continue());
}

TEST_CASE("a head is bounded, and so is the number of its fields") {
    CHECK(refusal("GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n") == 414);
    CHECK(refusal("GET /" + std::string(90'000, 'a')) == 414);
    CHECK(refusal(std::string(90'000, 'a')) == 414);
    CHECK(refusal(with_fields("X: " + std::string(20'000, 'a') + "\r\n")) == 431);
    std::string many;
    for (std::size_t i = 0; i < http::max_fields; ++i) {
        many += "X: y\r\n";
    }
    CHECK(refusal(with_fields(many)) == 431);
    // However much comes, no more than this is taken.
    http::RequestReader reader;
    std::size_t taken = 0;
    const std::string line = "X: " + std::string(1'000, 'y') + "\r\n";
    std::string_view first = "GET / HTTP/1.1\r\n";
    reader.read(first);
    for (int i = 0; i < 1'000; ++i) {
        std::string_view bytes = line;
        reader.read(bytes);
        taken += line.size() - bytes.size();
    }
    CHECK(reader.refusal() == 431);
    CHECK(taken <= http::max_head_bytes);
}

TEST_CASE("answers are read, of every form") {
    const auto read = [](std::string_view text, bool end = false) {
        std::string content;
        int status = 0;
        for (std::size_t piece = 1; piece <= text.size(); ++piece) {
            http::ResponseReader reader;
            content.clear();
            for (std::string_view rest = text; !rest.empty();) {
                std::string_view part = rest.substr(0, piece);
                rest.remove_prefix(part.size());
                reader.read(part, content);
            }
            if (end) {
                reader.end();
            }
            if (reader.state() != http::ResponseReader::State::whole) {
                return std::string("state ") + std::to_string(static_cast<int>(reader.state()));
            }
            status = reader.status();
        }
        return std::to_string(status) + " " + content;
    };
    CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") == "200 ok");
    CHECK(read("HTTP/1.1 404 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n") ==
          "404 no");
    CHECK(read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") ==
          "200 ");
    CHECK(read("HTTP/1.0 200 OK\r\n\r\nto the end", true) == "200 to the end");
    CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", true) == "state 3");
    CHECK(read("HTTP/1.1 200", true) == "state 3");
    CHECK(read("SSH-2.0-OpenSSH\r\n\r\n") == "state 3");
}
