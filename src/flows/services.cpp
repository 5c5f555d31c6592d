// What the peer's application does with bytes.
#include "flows/services.hpp"
#include "flows/relay_bytes.hpp"
#include "flows/script_service.hpp"
#include "wire/overloaded.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace ghostpeer::flows {
namespace {

constexpr std::size_t max_pending_answers = 64;
constexpr std::size_t max_pending_words = 4096;
constexpr std::size_t copy_size = 64 * 1024;

[[nodiscard]] std::string_view as_text(std::span<const std::uint8_t> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void answer(ServiceState& state, const profile::Respond& respond) {
    ++state.answers;
    OutputItem item;
    item.content = respond.content;
    item.end = respond.content ? respond.content->size() : 0;
    item.close_after = respond.then_close || std::exchange(state.farewell, false);
    state.farewell_matched = 0;
    state.output.push_back(std::move(item));
}

/// An answer for each time that the pattern comes, as many as may wait. Returns how far it has
/// looked.
[[nodiscard]] std::size_t find_pattern(ServiceState& state, const Behaviour& behaviour,
                                       const Needle& needle, const profile::Respond& respond,
                                       std::string_view text) {
    const bool marks = behaviour.asks_repeats;
    const auto note = [&](std::size_t from, std::size_t end) {
        if (behaviour.farewell && !state.farewell) {
            state.farewell = behaviour.farewell->find(text.substr(from, end - from),
                                                      state.farewell_matched) != Needle::npos;
        }
        if (marks) {
            const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
            state.mark = script::mix(state.mark, std::span(bytes + from, end - from));
        }
    };
    std::size_t looked = 0;
    while (looked < text.size() && state.output.size() < max_pending_answers) {
        const std::size_t end = needle.find(text.substr(looked), state.matched);
        if (end == Needle::npos) {
            note(looked, text.size());
            return text.size();
        }
        note(looked, looked + end);
        if (marks) {
            state.whole.push_back(std::exchange(state.mark, script::no_bytes));
        }
        looked += end;
        answer(state, respond);
    }
    return looked;
}

void read_discard(Connection& connection, const profile::Discard& discard, Instant now) {
    std::size_t n = connection.tcb.readable().size();
    if (discard.rate && n > 0) {
        ServiceState& state = connection.extra().service;
        n = std::min<std::size_t>(n, state.read_pacer.allowance(*discard.rate, now));
        state.read_pacer.spend(n);
        if (n < connection.tcb.readable().size()) {
            state.retry = std::min(state.retry, state.read_pacer.next(*discard.rate));
        }
    }
    connection.tcb.consume(n);
}

/// Of the send buffer, within what all connections may hold together.
[[nodiscard]] std::size_t room_to_write(const Connection& connection) {
    const tcp::Config& config = connection.behaviour->tcp;
    const std::size_t room = connection.tcb.send_room();
    const std::size_t queued = config.send_buffer - std::min<std::size_t>(room, config.send_buffer);
    return std::min(room, config.memory->room_for(queued));
}

void read_echo(Connection& connection) {
    const auto waiting = connection.tcb.readable();
    const bool behind = connection.extras && !connection.extras->service.output.empty();
    const std::size_t n = behind ? 0 : std::min(waiting.size(), room_to_write(connection));
    if (n > 0) {
        const wire::Bytes copy(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(n));
        connection.tcb.consume(n);
        connection.tcb.send(copy);
    }
}

void read_respond(Connection& connection, const profile::Respond& respond,
                  std::size_t max_buffered) {
    const auto waiting = connection.tcb.readable();
    if (waiting.empty()) {
        return;
    }
    ServiceState& state = connection.extra().service;
    if (state.output.size() >= max_pending_answers) {
        return;  // Who asks without reading the answers finds the window closed.
    }
    std::size_t n = std::min(waiting.size(), std::min(copy_size, max_buffered));
    if (const auto& needle = connection.behaviour->needle) {
        n = find_pattern(state, *connection.behaviour, *needle, respond, as_text(waiting.first(n)));
    } else {
        if (connection.behaviour->asks_repeats) {
            state.whole.push_back(script::mix(script::no_bytes, waiting.first(n)));
        }
        answer(state, respond);
    }
    connection.tcb.consume(n);
}

void start_source(Connection& connection, const profile::Source& source) {
    if (!connection.tcb.synchronized()) {
        return;
    }
    ServiceState& state = connection.extra().service;
    if (!state.source_started) {
        state.source_started = true;
        OutputItem item;
        item.end = source.bytes.value_or(UINT64_MAX);
        state.output.push_back(std::move(item));
    }
}

[[nodiscard]] std::optional<profile::Rate> write_rate(const profile::Service& service) {
    if (const auto* source = std::get_if<profile::Source>(&service)) {
        return source->rate;
    }
    if (const auto* respond = std::get_if<profile::Respond>(&service)) {
        return respond->rate;
    }
    return std::nullopt;
}

/// Moves one piece of an item to the send buffer.
void send_piece(tcp::Tcb& tcb, OutputItem& item, std::size_t n) {
    if (item.content) {
        tcb.send(std::span(*item.content).subspan(static_cast<std::size_t>(item.offset), n));
    } else {
        constexpr std::uint64_t period = 251;
        static constexpr auto pattern = [] {
            std::array<std::uint8_t, copy_size + period> bytes{};
            for (std::size_t i = 0; i < bytes.size(); ++i) {
                bytes[i] = static_cast<std::uint8_t>(i % period);
            }
            return bytes;
        }();
        tcb.send(std::span(pattern).subspan(static_cast<std::size_t>(item.offset % period), n));
    }
    item.offset += n;
}

void close(Connection& connection, Instant now, tcp::Output& out) {
    connection.tcb.transmit(now, out);
    connection.tcb.close(now, out);
}

/// What is said leaves in segments of its own, as the writes of an application with TCP_NODELAY,
/// unless the words before it were to share theirs.
void begin_to_say(Connection& connection, OutputItem& item, Instant now, tcp::Output& out) {
    ServiceState& state = connection.extra().service;
    if (!state.together && connection.tcb.synchronized()) {
        connection.tcb.transmit(now, out);
    }
    state.together = !item.push;
    if (connection.tcb.synchronized()) {
        item.pledge.keep();
    } else {
        state.early = true;
        state.early_pledge = std::move(item.pledge);
    }
}

/// True where the item has been written entirely.
bool write_item(Connection& connection, OutputItem& item, std::optional<profile::Rate> rate,
                Instant now, tcp::Output& out) {
    ServiceState& state = connection.extra().service;
    if (item.said) {
        rate = item.rate;
    }
    if (item.said && item.offset == 0 && room_to_write(connection) > 0) {
        begin_to_say(connection, item, now, out);
        if (!item.begun) {
            item.begun = true;
            state.say_pacer = {};
        }
    }
    while (item.offset < item.end) {
        std::uint64_t n =
            std::min<std::uint64_t>({item.end - item.offset, room_to_write(connection), copy_size});
        if (item.piece > 0) {
            if (item.offset > 0) {
                connection.tcb.transmit(now, out);
            }
            n = std::min<std::uint64_t>(n, item.piece);
        }
        if (rate) {
            Pacer& pacer = item.said ? state.say_pacer : state.write_pacer;
            const std::uint64_t allowed = pacer.allowance(*rate, now);
            if (allowed == 0) {
                state.retry = std::min(state.retry, pacer.next(*rate));
                return false;
            }
            n = std::min(n, allowed);
            pacer.spend(n);
        }
        if (n == 0) {
            return false;
        }
        send_piece(connection.tcb, item, static_cast<std::size_t>(n));
        if (item.said) {
            connection.tcb.send_promptly();
        }
    }
    return true;
}

/// Writes what waits, as far as the send buffer takes it. False: the service has closed after it.
bool write_output(Connection& connection, Instant now, tcp::Output& out) {
    ServiceState& state = connection.extras->service;
    const auto rate = write_rate(connection.behaviour->profile->service);
    while (!state.output.empty()) {
        OutputItem& item = state.output.front();
        // Early words ride on the end of the handshake; the next ones are a segment of their own.
        if (item.said && state.early && !connection.tcb.synchronized() && !state.together &&
            item.offset == 0) {
            break;
        }
        if (!write_item(connection, item, rate, now, out)) {
            break;
        }
        const bool done = item.close_after;
        state.output.pop_front();
        if (done) {
            state.output.clear();
            close(connection, now, out);
            return false;
        }
    }
    return true;
}

}  // namespace

std::uint64_t Pacer::allowance(profile::Rate rate, Instant now) {
    if (!origin_) {
        origin_ = now;
    }
    const long double passed = std::chrono::duration<long double>(now - *origin_).count();
    const auto unit = std::max<std::uint64_t>(1, rate / 100);
    // The first unit passes at once; a hair of slack keeps exact multiples on their side.
    const auto due =
        static_cast<std::uint64_t>(passed * static_cast<long double>(rate) + 1e-6L) + unit;
    const auto whole = due / unit * unit;
    return whole > spent_ ? whole - spent_ : 0;
}

Instant Pacer::next(profile::Rate rate) const noexcept {
    const auto unit = std::max<std::uint64_t>(1, rate / 100);
    const std::uint64_t wanted = (spent_ / unit + 1) * unit - unit;
    const long double seconds = static_cast<long double>(wanted) / static_cast<long double>(rate);
    return origin_.value_or(Instant{}) + Duration(static_cast<std::int64_t>(seconds * 1e9L) + 1);
}

void service_read(Connection& connection, Instant now, std::size_t max_buffered) {
    if (std::holds_alternative<profile::Script>(connection.behaviour->profile->service)) {
        script_read(connection, now, max_buffered);
    }
    if (connection.tcb.readable().empty()) {
        return;
    }
    std::visit(
        Overloaded{
            [&](const profile::Discard& discard) { read_discard(connection, discard, now); },
            [&](const profile::Echo&) { read_echo(connection); }, [&](const profile::Hold&) {},
            [&](const profile::Source&) {
                connection.tcb.consume(connection.tcb.readable().size());
            },
            [&](const profile::Respond& respond) {
                read_respond(connection, respond, max_buffered);
            },
            [&](const profile::Relay&) { relay_read(connection, max_buffered); },
            [&](const profile::Script&) {},  // goes on without input, too
        },
        connection.behaviour->profile->service);
}

bool service_write(Connection& connection, Instant now, tcp::Output& out) {
    const profile::Profile& profile = *connection.behaviour->profile;
    const auto waits = [&] {
        return connection.extras && !connection.extras->service.output.empty() &&
               room_to_write(connection) == 0 && connection.tcb.send_room() > 0;
    };
    if (const auto* source = std::get_if<profile::Source>(&profile.service)) {
        start_source(connection, *source);
    }
    if (connection.extras) {
        ServiceState& state = connection.extras->service;
        if (state.early && connection.tcb.synchronized()) {
            state.early = false;
            state.early_pledge.keep();
        }
        if (!write_output(connection, now, out)) {
            return false;
        }
        if (state.shutdown_when_said && !still_saying(connection)) {
            state.shutdown_when_said = false;
            state.shutdown_pledge.keep();
            connection.tcb.transmit(now, out);
            connection.tcb.shutdown(out);
        }
        // In SYN-SENT a close would be the end, and what was said go unheard.
        if (state.close_when_said && !still_saying(connection) &&
            connection.tcb.state() != tcp::State::syn_sent) {
            state.close_when_said = false;
            state.close_pledge.keep();
            close(connection, now, out);
            return false;
        }
    }
    if (std::holds_alternative<profile::Relay>(profile.service)) {
        relay_write(connection, now, out);
        return waits();
    }
    if (std::holds_alternative<profile::Script>(profile.service)) {
        script_write(connection, now, out);
        if (!script_may_end(connection)) {
            return waits();
        }
    }
    if (connection.tcb.at_end_of_stream() && profile.after_eof == profile::AfterEof::close &&
        !connection.reading_stopped && !std::holds_alternative<profile::Hold>(profile.service)) {
        const bool endless = std::holds_alternative<profile::Source>(profile.service) &&
                             !std::get<profile::Source>(profile.service).bytes;
        if (endless || !connection.extras || connection.extras->service.output.empty()) {
            close(connection, now, out);
        }
    }
    return waits();
}

void speak(Connection& connection, Instant now, tcp::Output& out) {
    static_cast<void>(write_output(connection, now, out));
}

bool before_handshake(const Connection& connection) {
    return connection.ending == event::Ending::unanswered &&
           (!connection.live() || connection.tcb.state() == tcp::State::syn_sent);
}

bool still_saying(const Connection& connection) {
    if (!connection.extras) {
        return false;
    }
    const auto& output = connection.extras->service.output;
    return std::any_of(output.begin(), output.end(),
                       [](const OutputItem& item) { return item.said && !item.of_script; });
}

bool reachable(const Connection& connection) {
    return connection.open() || before_handshake(connection);
}

bool may_say(const Connection& connection) {
    const bool full =
        connection.extras && connection.extras->service.output.size() >= max_pending_words;
    return !full && (connection.live() ? connection.tcb.may_send() : before_handshake(connection));
}

void say(Connection& connection, const profile::Say& what, Pledge&& pledge) {
    OutputItem item;
    item.content = what.content;
    item.end = what.content ? what.content->size() : what.generated;
    item.said = true;
    item.push = what.push;
    item.piece = what.piece;
    item.rate = what.rate;
    item.pledge = std::move(pledge);
    auto& output = connection.extra().service.output;
    // An endless source would never let its turn come.
    const bool endless = !output.empty() && !output.back().content && !output.back().said;
    output.insert(endless ? output.end() - 1 : output.end(), std::move(item));
}

}  // namespace ghostpeer::flows
