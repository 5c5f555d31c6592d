// A client of the control interface: whatever its bytes are, the way from HTTP over JSON and YAML
// to the engine neither crashes nor hangs nor grows.
//
// The input is a byte that says how many bytes come at once (0: all), and what the client sends.
#include "control/router.hpp"
#include "ghostpeer/peer/engine.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "http/conversation.hpp"
#include "http/response_reader.hpp"

#include <poll.h>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <thread>

using namespace ghostpeer;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_rounds = 2'000;
constexpr std::size_t inputs_of_a_run = 2'000;  ///< profiles that were brought stay for its verdict

/// A run with its engine's thread.
class Run {
  public:
    Run() {
        context_.begin_news = [] {};
        context_.begin_log = [] {};
        context_.begin_scopes = [] {};
        thread_ = std::thread([this] {
            Instant now = run_start;
            while (!over_) {
                pollfd ready{desk_.fd(), POLLIN, 0};
                ::poll(&ready, 1, 1);
                now += 10ms;
                desk_.news();
                desk_.serve(engine_, now);
                std::vector<peer::Emission> packets;
                std::vector<event::Event> events;
                engine_.take_packets(packets);
                engine_.take_events(events);
                log_.add(R"({"t":1,"event":"segment"})");
                log_.announce();
                desk_.answer();
            }
        });
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    ~Run() {
        over_ = true;
        thread_.join();
        desk_.close();
    }
    [[nodiscard]] http::Handler& handler() noexcept { return router_; }

  private:
    [[nodiscard]] static std::vector<peer::PeerSpec> specs() {
        peer::PeerSpec all;
        all.profile = profile::load("healthy", {}).profile;
        all.name = "default";
        return {all};
    }

    peer::Engine engine_{peer::Settings{}, specs()};
    control::PeerNames names_{{"default"}};
    control::Desk desk_;
    control::EventLog log_;
    scopes::Scopes scopes_{nullptr};
    control::Context context_{desk_, log_, names_, scopes_};
    control::Router router_{context_, std::nullopt, true};  // no file of this machine is read
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static std::unique_ptr<Run> run;
    static std::size_t inputs = 0;
    if (run == nullptr || ++inputs % inputs_of_a_run == 0) {
        run.reset();
        run = std::make_unique<Run>();
    }
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::size_t first = bytes.empty() ? 0 : static_cast<unsigned char>(bytes.front());
    const std::size_t piece = first == 0 ? size : first;
    bytes.remove_prefix(bytes.empty() ? 0 : 1);

    Instant now = run_start;
    http::Conversation conversation(run->handler(), now);
    http::ResponseReader answers;
    for (std::size_t round = 0; round < most_rounds && !conversation.over(); ++round) {
        if (conversation.wants_input()) {
            const auto part = bytes.substr(0, piece);
            bytes.remove_prefix(part.size());
            if (part.empty()) {
                conversation.receive_end(now);
            } else {
                conversation.receive(part, now);
            }
        } else if (conversation.waits()) {
            now += 5s;
            std::this_thread::yield();
        }
        conversation.advance(now);
        const auto output = conversation.output();
        std::string_view told = output;
        std::string content;
        answers.read(told, content);
        conversation.sent(output.size(), now);
        if (conversation.waits() && round > 100) {
            conversation.receive_end(now);
        }
        if (conversation.has_said_all() && conversation.deadline() <= now + 2s) {
            now = conversation.deadline();
        }
    }
    // Every conversation ends, by itself or by its patience.
    if (!conversation.over() && conversation.deadline() == Instant::max() &&
        !conversation.waits()) {
        std::abort();
    }
    return 0;
}
