// Requests about peers and scopes that go while they are being answered.
#include "control/router.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "support/peer_harness.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <map>
#include <string>
#include <thread>

using namespace ghostpeer;
using namespace ghostpeer::testing;
using namespace std::chrono_literals;

namespace {

class AnyPlace final : public control::Places {
  public:
    tl::expected<std::vector<wire::IpAddress>, std::string> take(
        const control::WantedPlace& wanted) override {
        const auto fresh = wire::IpAddress::v4(0xc6130001 + static_cast<std::uint32_t>(++made_));
        return std::vector{by_name_.try_emplace(wanted.name, fresh).first->second};
    }
    void give_back(const control::WantedPlace&) override { ++given_back; }
    std::size_t given_back = 0;

  private:
    std::map<std::string, wire::IpAddress> by_name_;
    std::size_t made_ = 0;
};

/// A run with its engine's thread, which answers requests.
class Answering {
  public:
    Answering() {
        context_.begin_news = [] {};
        context_.begin_log = [] {};
        context_.begin_scopes = [] {};
        context_.places = &places;
        thread_ = std::thread([this] {
            Instant now = run_start;
            std::vector<event::Event> events;
            while (!over_) {
                pollfd ready{desk_.fd(), POLLIN, 0};
                ::poll(&ready, 1, 1);
                now += 1ms;
                desk_.serve(engine_, now);
                events.clear();
                engine_.take_events(events);
                if (!events.empty()) {
                    desk_.news();
                }
                for (const event::Event& event : events) {
                    scopes_.record(event);
                }
                desk_.answer();
            }
        });
    }
    Answering(const Answering&) = delete;
    Answering& operator=(const Answering&) = delete;
    ~Answering() {
        over_ = true;
        thread_.join();
        desk_.close();
    }
    http::Response ask(const char* method, const std::string& target, std::string body = "") {
        http::Request request;
        request.method = method;
        request.target = target;
        request.body = std::move(body);
        return router_.handle(request);
    }
    int status(const char* method, const std::string& target, std::string body = "") {
        return ask(method, target, std::move(body)).status;
    }
    int add(const std::string& name, const std::string& more = "") {
        return status("POST", "/v1/peers",
                      fmt::format(R"({{"name": "{}", "profile": "healthy"{}}})", name, more));
    }
    /// What comes of a request that is answered later.
    static http::Response outcome(const http::Response& later) {
        REQUIRE(later.pending);
        for (;;) {
            if (auto response = later.pending->poll()) {
                return *response;
            }
            std::this_thread::yield();
        }
    }

    AnyPlace places;
    control::PeerNames names{{"default"}};

  private:
    static std::vector<peer::PeerSpec> specs() {
        peer::PeerSpec all;
        all.profile = profile::load("healthy", {}).profile;
        all.name = "default";
        return {all};
    }

    peer::Engine engine_{peer::Settings{}, specs()};
    control::Desk desk_;
    control::EventLog log_;
    scopes::Scopes scopes_{std::make_shared<const event::Run>()};
    control::Context context_{desk_, log_, names, scopes_};
    control::Router router_{context_, std::nullopt, true};
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

}  // namespace

TEST_CASE("who waits for a peer is told that it has gone, not of another one of its name") {
    Answering run;
    REQUIRE(run.add("db") == 200);
    const auto later = run.ask("GET", "/v1/wait?for=attempts>=1%20peer=db&timeout=1h");
    REQUIRE(run.status("DELETE", "/v1/peers/db") == 200);
    REQUIRE(run.add("db") == 200);
    const auto response = Answering::outcome(later);
    CHECK(response.status == 404);
    CHECK(response.body.find("gone") != std::string::npos);
    // The new one is another.
    CHECK(run.status("GET", "/v1/wait?for=attempts==0%20peer=db&timeout=1h") == 200);
}

TEST_CASE("a peer is found as its host would be") {
    Answering run;
    REQUIRE(run.add("Db.Example.", R"(, "port": 80)") == 200);
    CHECK(run.add("db.example", R"(, "port": 80)") == 409);
    CHECK(run.status("GET", "/v1/peers/db.example:80") == 200);
    CHECK(run.status("GET", "/v1/peers/DB.EXAMPLE.:80") == 200);
    CHECK(run.status("GET", "/v1/peers/db.example:81") == 404);
    CHECK(run.status("DELETE", "/v1/peers/dB.example.:80") == 200);
    CHECK(run.places.given_back == 2);
    CHECK(run.status("GET", "/v1/peers/db.example:80") == 404);
    // A number is a name where a peer has it.
    CHECK(run.add("0") == 200);
    CHECK(run.status("DELETE", "/v1/peers/0") == 200);
    CHECK(run.status("DELETE", "/v1/peers/0") == 409);
}

TEST_CASE("names are told from those that had them before") {
    control::PeerNames names({"db", "", "default"});
    const auto first = names.find("DB.");
    REQUIRE(first);
    CHECK(first->coming == 0);
    names.set(3, "late");
    const auto late = names.find("late");
    REQUIRE(late);
    CHECK(names.has(*late));
    names.clear(3);
    CHECK_FALSE(names.has(*late));
    CHECK_FALSE(names.find("late"));
    names.set(3, "late");
    CHECK_FALSE(names.has(*late));
    CHECK(names.find("late")->index == 3);
    CHECK(names.unknown("late").find("has gone") != std::string::npos);
    CHECK(names.find("3")->index == 3);
    CHECK_FALSE(names.has_name("3"));
    CHECK_FALSE(names.find("1"));
    CHECK_FALSE(names.at(1));
}

TEST_CASE("a scope ends with all that came to it, and its peers' names are free") {
    Answering run;
    REQUIRE(run.status("POST", "/v1/scopes", R"({"name": "one"})") == 200);
    REQUIRE(run.add("db", R"(, "scope": "one")") == 200);
    REQUIRE(run.add("api", R"(, "scope": "one")") == 200);
    REQUIRE(run.add("other") == 200);
    const auto scopes = run.ask("GET", "/v1/scopes");
    CHECK(scopes.body.find(R"("peers":["db","api"])") != std::string::npos);
    CHECK(run.status("DELETE", "/v1/scopes/one") == 200);
    CHECK(run.status("DELETE", "/v1/scopes/one") == 404);
    CHECK(run.status("GET", "/v1/peers/db") == 404);
    CHECK(run.status("GET", "/v1/peers/other") == 200);
    CHECK(run.places.given_back == 2);
    CHECK(run.add("db", R"(, "scope": "one")") == 404);
    CHECK(run.add("db") == 200);
}
