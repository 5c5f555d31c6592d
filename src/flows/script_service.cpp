#include "flows/script_service.hpp"

#include "flows/services.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace ghostpeer::flows {
namespace {

using script::Runner;

[[nodiscard]] Runner* runner_of(Connection& connection) {
    return connection.extras ? connection.extras->service.script.get() : nullptr;
}

/// What has arrived, as far as the script wants it.
void hear(Connection& connection, Runner& runner, std::size_t max_buffered) {
    if (connection.reading_stopped) {
        return;
    }
    const auto waiting = connection.tcb.readable();
    const std::size_t n = std::min({waiting.size(), runner.appetite(), max_buffered});
    if (n > 0) {
        runner.hear(waiting.first(n));
        connection.tcb.consume(n);
    }
}

}  // namespace

void script_read(Connection& connection, Instant now, std::size_t max_buffered) {
    const auto* service = std::get_if<profile::Script>(&connection.behaviour->profile->service);
    if (service == nullptr || !connection.tcb.synchronized()) {
        return;
    }
    ServiceState& state = connection.extra().service;
    if (!state.script) {
        state.script = std::make_unique<Runner>(*service, connection.behaviour->asks_repeats);
        // It comes to what it waits for.
        static_cast<void>(state.script->go(now));
    } else if (state.script->over()) {
        hear(connection, *state.script, SIZE_MAX);
        return;
    } else if (!state.output.empty() || state.script_ends) {
        // One step after the other, as by an application that blocks.
        if (state.script->why() == Runner::Pause::time && state.script->due() > now) {
            state.retry = std::min(state.retry, state.script->due());
        }
        return;
    } else {
        hear(connection, *state.script, max_buffered);
        static_cast<void>(state.script->go(now));
    }
    switch (state.script->why()) {
        case Runner::Pause::saying:
            if (!connection.tcb.may_send()) {
                state.script->stop();
                static_cast<void>(state.script->go(now));
                break;
            }
            say(connection, state.script->said(), {});
            state.output.back().of_script = true;
            break;
        case Runner::Pause::end: state.script_ends = state.script->end(); break;
        case Runner::Pause::time:
        case Runner::Pause::too_much:
            state.retry = std::min(state.retry, state.script->due());
            break;
        case Runner::Pause::input:
        case Runner::Pause::over: break;
    }
}

void script_write(Connection& connection, Instant now, tcp::Output& out) {
    if (!connection.extras || !connection.extras->service.script_ends ||
        !connection.extras->service.output.empty()) {
        return;
    }
    const profile::EndStep end = *std::exchange(connection.extras->service.script_ends, {});
    connection.tcb.transmit(now, out);
    switch (end) {
        case profile::EndStep::close: connection.tcb.close(now, out); break;
        case profile::EndStep::shutdown: connection.tcb.shutdown(out); break;
        case profile::EndStep::reset: connection.tcb.abort(now, out); break;
    }
}

bool script_goes_on(const Connection& connection, Instant now) {
    if (!connection.extras || !connection.extras->service.script || !connection.live()) {
        return false;
    }
    const ServiceState& state = connection.extras->service;
    const Runner::Pause why = state.script->why();
    if (!state.output.empty() || state.script_ends) {
        return false;
    }
    const bool input = why == Runner::Pause::input && !connection.reading_stopped &&
                       !connection.tcb.readable().empty() && state.script->appetite() > 0;
    const bool in_time = why == Runner::Pause::time && state.script->due() <= now;
    return input || in_time || why == Runner::Pause::saying || why == Runner::Pause::end;
}

bool script_may_end(const Connection& connection) {
    if (!connection.extras || !connection.extras->service.script) {
        return true;
    }
    const Runner& runner = *connection.extras->service.script;
    return runner.over() || runner.waits_for_input();
}

std::vector<script::Surprise> script_surprises(Connection& connection, bool over) {
    Runner* runner = runner_of(connection);
    if (runner == nullptr) {
        return {};
    }
    if (over) {
        runner->hear_no_more();
    }
    return runner->take_surprises();
}

std::vector<std::uint64_t> whole_requests(Connection& connection, bool over) {
    if (!connection.extras) {
        return {};
    }
    ServiceState& state = connection.extras->service;
    if (state.script) {
        if (over) {
            state.script->end_request();
        }
        return state.script->take_marks();
    }
    return std::exchange(state.whole, {});
}

}  // namespace ghostpeer::flows
