// What tests/support/random_events.hpp makes.
#include "support/random_events.hpp"

namespace ghostpeer::test {

event::Segment RandomEvents::segment(Instant now) {
    event::Segment made;
    made.direction = word<event::Direction>(2);
    const bool in = made.direction == event::Direction::in;
    if (in) {
        made.kind = word<tcp::Kind>(tcp::kind_count);
        made.received = number<std::uint64_t>();
        made.acknowledged = number<std::uint64_t>();
    } else {
        made.reason = word<tcp::Reason>(tcp::reason_count);
    }
    auto& segment = made.segment;
    segment.source = endpoint();
    segment.destination = endpoint();
    segment.flags.bits = number<std::uint8_t>();
    segment.seq = number_on_the_wire();
    segment.ack = number_on_the_wire();
    made.base.seq = number_on_the_wire();
    if (segment.has(wire::Flags::ack)) {
        made.base.ack = number_on_the_wire();
    }
    made.base.relative = coin();
    segment.payload = bytes(100);
    // Beyond its beginning a record does not carry it.
    for (std::size_t i = 64; i < segment.payload.size(); ++i) {
        segment.payload[i] = 0;
    }
    segment.window = number<std::uint16_t>();
    segment.urgent = number<std::uint16_t>();
    made.window = number<std::uint32_t>();
    auto& options = segment.options;
    options.mss = maybe(number<std::uint16_t>());
    options.window_scale = maybe(number<std::uint8_t>());
    options.sack_permitted = coin();
    options.timestamps = maybe(wire::Timestamps{number<std::uint32_t>(), number<std::uint32_t>()});
    options.sack = list([this] {
        return wire::SackBlock{number_on_the_wire(), number_on_the_wire()};
    });
    for (std::uint8_t& kind : options.skipped) {
        if (coin()) {
            break;
        }
        kind = static_cast<std::uint8_t>(number<std::uint8_t>() | 1U);
    }
    segment.ttl = coin() ? std::uint8_t{64} : number<std::uint8_t>();
    segment.tos = coin() ? std::uint8_t{0} : number<std::uint8_t>();
    segment.ip_id = coin() ? std::uint16_t{0} : number<std::uint16_t>();
    segment.dont_fragment = coin();
    made.state = word<tcp::State>(11);
    made.fate = word<event::Fate>(8);
    made.retransmission = coin();
    made.rule = maybe(place());
    made.until = maybe(at());
    made.made = coin() ? now : now - std::chrono::milliseconds(1);
    made.on_the_way = maybe(word<event::OnTheWay>(3));
    made.queued = length();
    if (coin()) {
        event::Forgery forgery;
        const bool changed = coin();
        if (changed) {
            forgery.changes = {"seq", "tcp-checksum"};
        }
        auto& lie = forgery.distortion;
        lie.options = maybe(bytes(40));
        lie.data_offset = maybe(number<std::uint8_t>());
        lie.reserved = maybe(number<std::uint8_t>());
        lie.total_length = maybe(number<std::uint16_t>());
        lie.fragment = number<std::uint16_t>();
        if (!changed && lie.fragment == 0) {
            lie.fragment = 8;  // nobody makes a forgery of nothing
        }
        made.forgery = std::make_shared<const event::Forgery>(std::move(forgery));
    }
    return made;
}

event::Icmp RandomEvents::icmp() {
    event::Icmp made;
    made.kind = word<wire::IcmpKind>(6);
    if (made.kind == wire::IcmpKind::fragmentation_needed) {
        made.mtu = number<std::uint16_t>();
    }
    made.source = address();
    made.destination = address();
    made.quoted.source = endpoint();
    made.quoted.destination = endpoint();
    made.quoted.flags.bits = number<std::uint8_t>();
    made.quoted.seq = number_on_the_wire();
    made.base.seq = number_on_the_wire();
    made.base.relative = coin();
    made.fate = word<event::Fate>(8);
    made.rule = place();
    made.on_the_way = maybe(word<event::OnTheWay>(3));
    return made;
}

event::Socket RandomEvents::socket() {
    event::Socket made;
    made.src = endpoint();
    made.dst = endpoint();
    made.state = coin() ? event::gone : event::destroyed;
    made.timer = word<event::SocketTimer>(5);
    if (made.timer != event::SocketTimer::none) {
        made.expires = std::chrono::floor<std::chrono::milliseconds>(length());
    }
    made.retries = number<std::uint32_t>();
    made.recv_q = number<std::uint32_t>();
    made.send_q = number<std::uint32_t>();
    made.last_state = coin() ? "ESTAB" : "";
    made.last_seen = at();
    made.due = maybe(at());
    made.aborts_before = maybe(number<std::uint64_t>());
    made.aborts = maybe(number<std::uint64_t>());
    made.retried = coin();
    made.shown = coin();
    return made;
}

event::Call RandomEvents::call() {
    event::Call made;
    made.process = number<int>();
    made.thread = number<int>();
    made.name = text();
    made.arguments = text();
    made.descriptor = maybe(number<int>());
    made.returned = coin();
    made.result = maybe(number<std::int64_t>());
    made.address = made.result ? std::string() : text();
    made.error = text();
    made.detail = text();
    made.result_descriptor = text();
    made.began = at();
    made.took = length();
    return made;
}

event::Verdict RandomEvents::verdict() {
    event::Verdict made;
    made.status = number<int>();
    made.pass = coin();
    made.headline = text();
    made.failures = list([this] { return event::Failure{text()}; });
    made.ended = coin() ? "command" : "timeout";
    made.length = length();
    made.seed = number<std::uint64_t>();
    made.attempts = number<std::uint64_t>();
    made.rules = list([this] {
        event::RuleOutcome rule;
        rule.rule = place();
        rule.event = text();
        rule.fired = number<std::uint64_t>();
        rule.withheld = number<std::uint64_t>();
        rule.source = text();
        return rule;
    });
    made.expectations = list([this] {
        event::ExpectationOutcome outcome;
        outcome.place = place();
        outcome.text = text();
        outcome.pass = coin();
        outcome.count = number<std::uint64_t>();
        outcome.seen = list([this] { return at(); });
        outcome.failure = text();
        if (!outcome.failure.empty()) {
            outcome.excerpt = texts();
        }
        return outcome;
    });
    made.lost = list([this] { return event::Loss{text(), false}; });
    made.kernel = text();
    return made;
}

event::Run RandomEvents::run() {
    event::Run made;
    made.version = text();
    made.command = texts();
    made.link = text();
    made.kernel = text();
    made.virtual_time = coin();
    made.epoch = length();
    made.seed = number<std::uint64_t>();
    made.rtt = length();
    made.served = coin();
    made.timeout = maybe(length());
    made.wall_timeout = length();
    made.expected_status = maybe(number<int>());
    made.require_fault = coin();
    return made;
}

event::Profile RandomEvents::profile() {
    event::Profile made;
    made.number = number<std::uint32_t>();
    made.name = text();
    made.files = list([this] { return profile::SourceFile{text(), text()}; });
    made.parameters = list([this] { return std::pair(text(), text()); });
    made.part = maybe(event::Profile::Part{number<std::uint32_t>(), number<std::uint32_t>()});
    return made;
}

event::AttemptRecord RandomEvents::attempt(const event::Event& event) {
    event::AttemptRecord made;
    made.connection = event.connection;
    made.number = event.attempt;
    made.flow = flow();
    made.dialled = coin();
    made.start = at();
    made.since_last = maybe(length());
    made.last_segment = at();
    made.ending = word<event::Ending>(event::ending_count);
    made.syns = number<unsigned>();
    made.received = number<std::uint64_t>();
    made.sent = number<std::uint64_t>();
    made.profile = number<std::uint32_t>();
    if (coin()) {
        event::Trail trail;
        trail.ending = word<event::Ending>(event::ending_count);
        for (auto* time :
             {&trail.reset_left, &trail.reset_came, &trail.last_reset_came, &trail.unreachable_left,
              &trail.fin_left, &trail.fin_came, &trail.last_came}) {
            *time = maybe(at());
        }
        trail.unanswered = number<std::uint32_t>();
        trail.was_open = coin();
        made.trail = trail;
    }
    return made;
}

event::Tally RandomEvents::tally() {
    event::Tally made;
    made.profile = number<std::uint32_t>();
    made.connections = number<std::uint64_t>();
    for (auto& each : made.traffic.kinds) {
        each = number<std::uint64_t>();
    }
    for (auto& each : made.traffic.reasons) {
        each = number<std::uint64_t>();
    }
    made.rules = list([this] {
        event::RuleStatistics rule;
        for (auto* count :
             {&rule.events, &rule.failed_when, &rule.failed_count, &rule.failed_probability,
              &rule.overruled, &rule.waiting, &rule.undone, &rule.fired, &rule.withheld}) {
            *count = number<std::uint64_t>();
        }
        rule.due = maybe(at());
        rule.missed = maybe(event::Missed{text(), maybe(at()), maybe(at())});
        rule.unheard = maybe(event::Unheard{at(), coin()});
        rule.closest = text();
        return rule;
    });
    return made;
}

event::Counters RandomEvents::counters() {
    event::Counters made;
    for (auto* count : {&made.packets_in, &made.packets_out, &made.segments_in, &made.segments_out,
                        &made.not_tcp, &made.syns_dropped_at_limit, &made.bytes_dropped_at_limit,
                        &made.bytes_dropped_for_memory, &made.waits_for_memory, &made.undelivered,
                        &made.unrecorded_attempts, &made.lost_on_the_way, &made.queue_full}) {
        *count = number<std::uint64_t>();
    }
    for (auto& each : made.oddities) {
        each = number<std::uint64_t>();
    }
    for (auto& each : made.kinds) {
        each = number<std::uint64_t>();
    }
    for (auto& each : made.reasons) {
        each = number<std::uint64_t>();
    }
    return made;
}

event::End RandomEvents::end() {
    event::End made;
    made.ended = word<event::Ended>(6);
    made.signal = maybe(number<int>());
    made.failure = maybe(text());
    made.command_length = length();
    made.standstill = {text(), texts()};
    made.left_behind = texts();
    made.instead = texts();
    made.output = {text(), "\xff\xfe no text", ""};
    made.unmet_uses = texts();
    made.unmet_peers = list([this] { return std::pair(text(), text()); });
    made.silent_addresses = texts();
    made.undialled = texts();
    made.to_be_dialled = number<std::uint64_t>();
    made.ordered_faults = number<std::uint64_t>();
    made.lost = list([this] { return event::Loss{text(), coin()}; });
    return made;
}

void RandomEvents::make(event::Event& event, std::size_t kind) {
    const auto shared = [](auto made) {
        return std::make_shared<const decltype(made)>(std::move(made));
    };
    using What = decltype(event.what);
    static_assert(std::variant_size_v<What> == 23, "make one of the new kind here");
    switch (kind) {
        case 0: event.what = segment(event.at); break;
        case 1: event.what = event::State{word<tcp::State>(11), word<tcp::State>(11)}; break;
        case 2: event.what = event::Rule{place(), coin() ? "blackhole" : "drop", text()}; break;
        case 3: event.what = event::Attempt{flow(), maybe(length()), coin()}; break;
        case 4: event.what = event::Log{place(), text()}; break;
        case 5: event.what = event::Notice{coin() ? "limit" : "not-tcp", text()}; break;
        case 6: event.what = icmp(); break;
        case 8: event.what = socket(); break;
        case 9:
            event.what = coin() ? event::Exit{number<std::uint8_t>(), std::nullopt}
                                : event::Exit{0, number<std::uint8_t>()};
            break;
        case 10: event.what = shared(call()); break;
        case 11: event.what = shared(verdict()); break;
        case 12:
            event.what =
                event::Start{flow(), coin(), number<std::uint32_t>(), number<std::uint32_t>()};
            break;
        case 13: event.what = event::Command{text()}; break;
        case 14: event.what = event::Conclusion{}; break;
        case 15: event.what = event::Sockets{coin(), maybe(number<std::uint64_t>())}; break;
        case 16: event.what = shared(run()); break;
        case 17: event.what = shared(profile()); break;
        case 18: event.what = shared(attempt(event)); break;
        case 19: event.what = shared(tally()); break;
        case 20: event.what = shared(counters()); break;
        case 21: event.what = shared(end()); break;
        case 22: event.what = event::Link{text(), maybe(place()), text(), text(), length()}; break;
        default: event.what = event::Packet{}; break;
    }
}

}  // namespace ghostpeer::test
