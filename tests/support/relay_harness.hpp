// A relayed connection and the driver that plays its real server.
#pragma once

#include "support/peer_harness.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::testing {

using namespace peer;

inline const std::string relay = "service: {relay: db.example:5432}\n";

/// What the driver was asked for, as one line of words, and the bytes on their own.
class Driver {
  public:
    explicit Driver(World& world) : world_(world) {}

    std::string asked() {
        std::vector<UpstreamRequest> requests;
        world_.engine.take_upstream_requests(requests);
        std::string words;
        for (auto& request : requests) {
            id = request.id;
            words += (words.empty() ? "" : " ") + word(request);
        }
        return words;
    }
    void connected() { world_.engine.upstream_connected(id, world_.now), world_.pass(0s); }
    void failed(UpstreamError error) {
        world_.engine.upstream_failed(id, error, world_.now);
        world_.pass(0s);
    }
    void sends(std::string_view text) {
        const std::vector<std::uint8_t> bytes(text.begin(), text.end());
        world_.engine.upstream_bytes(id, bytes, world_.now);
        world_.pass(0s);
    }
    void took(std::size_t n) { world_.engine.upstream_took(id, n, world_.now), world_.pass(0s); }
    void ends() { world_.engine.upstream_ended(id, world_.now), world_.pass(0s); }
    void resets() { world_.engine.upstream_reset(id, world_.now), world_.pass(0s); }

    UpstreamId id;
    std::string got;
    UpstreamConnect last_connect;

  private:
    std::string word(UpstreamRequest& request) {
        if (auto* connect = std::get_if<UpstreamConnect>(&request.what)) {
            last_connect = *connect;
            return "connect";
        }
        if (auto* send = std::get_if<UpstreamSend>(&request.what)) {
            got.append(send->bytes.begin(), send->bytes.end());
            return "send";
        }
        if (auto* reading = std::get_if<UpstreamReading>(&request.what)) {
            return reading->on ? "read" : "pause";
        }
        return std::holds_alternative<UpstreamShutdown>(request.what) ? "shutdown"
               : std::holds_alternative<UpstreamClose>(request.what)  ? "close"
                                                                      : "abort";
    }

    World& world_;
};

/// A world with one connection whose real server has answered.
struct Relayed {
    explicit Relayed(const std::string& body = relay, Settings settings = test_settings())
        : world(body, settings), driver(world), socket(world) {
        socket.send_syn();
        REQUIRE(driver.asked() == "connect");
        driver.connected();
        const auto answers = world.take();
        REQUIRE(flags_of(answers) == "SA");
        socket.rcv_nxt = answers[0].seq + 1;
        socket.send_ack();
        world.take();
    }
    World world;
    Driver driver;
    Socket socket;
};

}  // namespace ghostpeer::testing
