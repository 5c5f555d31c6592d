// One client's requests in virtual time: order, patience, and who may go first.
#include "http/conversation.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ghostpeer;
using namespace std::chrono_literals;
using http::Conversation;

namespace {

struct Counting final : http::Stream {
    explicit Counting(int& left) : left_(left) {}
    bool more(std::string& into) override {
        if (ready > 0) {
            --ready;
            into += "tick";
        }
        return left_ > 0;
    }
    [[nodiscard]] std::string_view sign_of_life() const noexcept override { return "."; }
    int ready = 0;

  private:
    int& left_;
};

struct Later final : http::Pending {
    Later(bool& there, bool& gone) : there_(there), gone_(gone) {}
    ~Later() override { gone_ = true; }
    std::optional<http::Response> poll() override {
        if (!there_) {
            return std::nullopt;
        }
        http::Response response;
        response.body = "later";
        return response;
    }

  private:
    bool& there_;
    bool& gone_;
};

/// Wants no token at `/open…` alone.
struct Host final : http::Handler {
    std::optional<http::Response> admit(const http::Request& head) override {
        return head.target.starts_with("/open") ? std::nullopt : std::optional(refuse(401));
    }
    http::Response handle(const http::Request& request) override {
        asked.push_back(request.target + " " + request.body);
        http::Response response;
        response.body = "ok";
        if (request.target == "/open/later") {
            response.pending = std::make_shared<Later>(there, gone);
        } else if (request.target == "/open/stream") {
            stream = std::make_shared<Counting>(left);
            response.stream = stream;
        } else if (request.target == "/open/large") {
            response.body.assign(1'000'000, 'x');
        } else if (request.target == "/open/throw") {
            throw std::runtime_error("no");
        }
        return response;
    }
    http::Response refuse(int status) override {
        http::Response response;
        response.status = status;
        response.body = "refused";
        return response;
    }

    std::vector<std::string> asked;
    bool there = false;
    bool gone = false;
    int left = 1;
    std::shared_ptr<Counting> stream;
};

struct Client {
    Host host;
    Instant now = run_start + 1h;
    Conversation conversation{host, now};

    void send(std::string_view text) {
        REQUIRE(conversation.wants_input());
        conversation.receive(text, now);
        conversation.advance(now);
    }
    std::string take() {
        std::string all;
        while (!conversation.output().empty()) {
            const std::string part(conversation.output());
            conversation.sent(part.size(), now);
            all += part;
        }
        return all;
    }
    void pass(Duration time) {
        now += time;
        conversation.advance(now);
    }
    std::string get(const std::string& target) {
        send("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
        return take();
    }
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("requests are answered one after the other") {
    Client client;
    CHECK(client.get("/open") ==
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\nok");
    // Two at once: the second is looked at when the answer to the first has left.
    client.send("GET /open/1 HTTP/1.1\r\nHost: x\r\n\r\nGET /open/2 HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(client.host.asked.size() == 2);
    CHECK_FALSE(client.conversation.wants_input());
    client.take();
    CHECK(client.host.asked.size() == 3);
    CHECK(client.conversation.wants_input());
    client.send("HEAD /open HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string head = client.take();
    CHECK(has(head, "Content-Length: 2\r\nConnection: close\r\n\r\n"));
    CHECK_FALSE(has(head, "ok"));
    CHECK(client.conversation.has_said_all());
    client.conversation.receive_end(client.now);
    CHECK(client.conversation.over());
}

TEST_CASE("of a stranger nothing but a head is read") {
    Client client;
    client.send("POST /closed HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{\"a\":");
    CHECK(client.host.asked.empty());
    CHECK(has(client.take(), "401 Unauthorized"));
    CHECK(client.conversation.has_said_all());
    CHECK(client.conversation.dispensable() == Conversation::Rank::stranger);
    client.conversation.receive("GET /open HTTP/1.1\r\nHost: x\r\n\r\n", client.now);
    CHECK(client.host.asked.empty());
    client.pass(http::linger_patience);
    CHECK(client.conversation.over());
}

TEST_CASE("a head that does not become whole is given up, however many bytes come") {
    Client client;
    const Instant began = client.now;
    client.pass(5s);
    client.send("G");
    while (client.conversation.deadline() > client.now + 1s) {
        client.pass(1s);
        client.send("E");
    }
    CHECK(client.conversation.dispensable() == Conversation::Rank::stranger);
    CHECK(client.conversation.deadline() == began + http::head_patience);
    client.pass(client.conversation.deadline() - client.now);
    CHECK(has(client.take(), "408 Request Timeout"));
    client.pass(http::linger_patience);
    CHECK(client.conversation.over());
}

TEST_CASE("bodies have their time, and clients that expect it are told to go on") {
    Client client;
    client.send(
        "POST /open HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    CHECK(client.take() == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ab");
    client.pass(http::body_patience - 1ns);
    CHECK(client.conversation.output().empty());
    client.send("c");
    CHECK(has(client.take(), "200 OK"));
    CHECK(client.host.asked.back() == "/open abc");
    client.send("POST /open HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab");
    client.pass(http::body_patience);
    CHECK(has(client.take(), "408 Request Timeout"));
}

TEST_CASE("a connection rests for so long, and may be ended before") {
    Client client;
    client.get("/open");
    CHECK(client.conversation.dispensable() == Conversation::Rank::idle);
    client.pass(http::idle_patience - 1ns);
    CHECK_FALSE(client.conversation.over());
    client.pass(1ns);
    CHECK(client.conversation.over());
}

TEST_CASE("what is waited for is answered when it is there, and forgotten when nobody waits") {
    Client client;
    CHECK(client.get("/open/later").empty());
    CHECK(client.conversation.waits());
    CHECK_FALSE(client.conversation.wants_input());
    CHECK_FALSE(client.conversation.dispensable());
    CHECK(client.conversation.deadline() == Instant::max());
    client.host.there = true;
    client.conversation.advance(client.now);
    CHECK(has(client.take(), "later"));
    CHECK(client.host.gone);

    client.host.there = client.host.gone = false;
    client.get("/open/later");
    client.conversation.receive_end(client.now);
    CHECK(client.conversation.over());
    CHECK(client.host.gone);
}

TEST_CASE("a stream goes on until its end, shows that it lives, and waits for its reader") {
    Client client;
    CHECK(has(client.get("/open/stream"), "Transfer-Encoding: chunked"));
    client.host.stream->ready = 1;
    client.conversation.advance(client.now);
    CHECK(client.take() == "4\r\ntick\r\n");
    client.pass(http::sign_of_life_after);
    CHECK(client.take() == "1\r\n.\r\n");
    client.host.stream->ready = 1'000'000;
    client.conversation.advance(client.now);
    CHECK(client.conversation.output().size() < 100'000);
    client.host.stream->ready = 0;
    client.take();
    client.host.left = 0;
    client.conversation.advance(client.now);
    CHECK(client.take() == "0\r\n\r\n");
    CHECK(client.conversation.wants_input());
}

TEST_CASE("a reader that takes nothing is given up") {
    Client client;
    client.send("GET /open/large HTTP/1.1\r\nHost: x\r\n\r\n");
    client.conversation.sent(1'000, client.now);
    client.pass(http::write_patience - 1ns);
    client.conversation.sent(1'000, client.now);
    client.pass(http::write_patience - 1ns);
    CHECK_FALSE(client.conversation.over());
    client.pass(1ns);
    CHECK(client.conversation.over());
}

TEST_CASE("an older client gets a stream without chunks, and then the end") {
    Client client;
    client.send("GET /open/stream HTTP/1.0\r\n\r\n");
    CHECK(has(client.take(), "Connection: close\r\n\r\n"));
    client.host.stream->ready = 1;
    client.host.left = 0;
    client.conversation.advance(client.now);
    CHECK(client.take() == "tick");
    CHECK(client.conversation.has_said_all());
}

TEST_CASE("an error in the handler ends one connection") {
    Client client;
    CHECK(has(client.get("/open/throw"), "500 Internal Server Error"));
    CHECK(client.conversation.has_said_all());
}

TEST_CASE("at the end answers that are under way are given") {
    Client idle;
    idle.get("/open");
    idle.conversation.finish();
    CHECK(idle.conversation.over());
    Client waiting;
    waiting.get("/open/later");
    waiting.conversation.finish();
    waiting.host.there = true;
    waiting.conversation.advance(waiting.now);
    CHECK(has(waiting.take(), "Connection: close\r\n\r\nlater"));
    CHECK(waiting.conversation.has_said_all());
    Client half;
    half.send("POST /open HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n");
    half.conversation.finish();
    CHECK(half.conversation.over());
}
