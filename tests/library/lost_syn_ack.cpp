// The engine in a program of one's own: a SYN meets a peer whose first SYN-ACK is lost, in virtual
// time. It prints what happened, a line for each segment.
#include <ghostpeer/peer/engine.hpp>
#include <ghostpeer/profile/loader.hpp>
#include <ghostpeer/wire/codec.hpp>
#include <ghostpeer/wire/format.hpp>

#include <cstdio>
#include <vector>

using namespace ghostpeer;

namespace {

constexpr const char* profile_text = R"(
summary: loses the first SYN-ACK
rules:
  - {on: send syn-ack, first: 1, do: drop}
)";

wire::Bytes syn() {
    wire::Segment segment;
    segment.source = {*wire::IpAddress::parse("198.18.0.1"), 40'000};
    segment.destination = {*wire::IpAddress::parse("198.18.0.2"), 80};
    segment.seq = wire::SeqNum(1000);
    segment.flags.bits = wire::Flags::syn;
    segment.window = 64'240;
    return wire::encode(segment);
}

void print(const event::Event& event) {
    if (const auto* segment = std::get_if<event::Segment>(&event.what)) {
        const auto fate = event::name(segment->fate);
        std::printf("%.3f %s %s %.*s\n",
                    std::chrono::duration<double>(event.at.time_since_epoch()).count(),
                    segment->direction == event::Direction::in ? ">" : "<",
                    wire::format(segment->segment, segment->base).c_str(),
                    static_cast<int>(fate.size()), fate.data());
    }
}

}  // namespace

int main() {
    const auto loaded = profile::load_text(profile_text, "lost_syn_ack");
    if (!loaded.profile) {
        std::fputs(profile::to_string(loaded.errors).c_str(), stderr);
        return 1;
    }
    peer::Engine engine({}, {peer::PeerSpec{{}, {}, loaded.profile}});
    std::vector<peer::Emission> left;
    std::vector<event::Event> events;
    engine.on_packet(syn(), run_start);
    engine.take_packets(left);
    const bool answered_at_once = !left.empty();
    // The retransmission of the SYN-ACK is the next thing that is due.
    if (const auto due = engine.next_deadline()) {
        engine.on_time(*due);
    }
    engine.take_packets(left);
    engine.take_events(events);
    for (const auto& event : events) {
        print(event);
    }
    return !answered_at_once && left.size() == 1 ? 0 : 1;
}
