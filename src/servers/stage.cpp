#include "servers/stage.hpp"

#include "sandbox/diagnosis.hpp"
#include "sandbox/inheritance.hpp"
#include "sandbox/namespaces.hpp"
#include "servers/stage_process.hpp"

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <utility>

namespace ghostpeer::servers {
namespace {

using sandbox::Error;

/// For the stage to end its processes.
constexpr int patience_ms = 300;

[[nodiscard]] tl::unexpected<Error> stage_died() {
    return sandbox::failed(
        "The process that starts the programs behind the peer was ended. If nobody did that on "
        "purpose, the system may be out of memory.");
}

}  // namespace

tl::expected<Stage, Error> Stage::begin(const Cast& cast) {
    sandbox::reserve_standard_descriptors();
    int error = 0;
    auto channel = open_stage_channel(error);
    if (!channel) {
        return sandbox::failed(
            "ghostpeer could not open a socket to the process that starts the programs behind the "
            "peer: " +
            std::string(strerror(error)) +
            ". If the limit on open files is reached, raise it ('ulimit -n').");
    }
    const bool user_namespace = sandbox::needs_user_namespace();
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    const auto process = sandbox::clone_helper(
        user_namespace, cast.own_network ? sandbox::Network::own : sandbox::Network::callers);
    if (!process || *process != 0) {
        sigprocmask(SIG_SETMASK, &before, nullptr);
    }
    if (!process) {
        return tl::unexpected(sandbox::explain(sandbox::collect_facts(
            sandbox::NamespaceFacts::Step::create, process.error(), user_namespace)));
    }
    if (*process == 0) {
        channel->first.reset();
        for (const int fd : cast.kept_outside) {
            close(fd);
        }
        run_stage(std::move(channel->second), cast, user_namespace);
    }
    Stage stage;
    stage.channel_ = std::move(channel->first);
    channel->second.reset();
    if (user_namespace) {
        if (auto mapped = sandbox::write_maps(*process); !mapped) {
            return tl::unexpected(std::move(mapped.error()));
        }
    }
    StageMessage proceed;
    proceed.type = StageMessage::Type::proceed;
    stage.send(proceed);
    if (auto ready = stage.become_ready(cast.servers.size()); !ready) {
        return tl::unexpected(std::move(ready.error()));
    }
    return stage;
}

tl::expected<void, Error> Stage::become_ready(std::size_t servers) {
    places_.resize(servers);
    for (StageMessage message; receive_stage_message(channel_, message, true) == Heard::message;) {
        switch (message.type) {
            case StageMessage::Type::ready:
                if (message.index < places_.size()) {
                    places_[message.index] = {static_cast<std::uint16_t>(message.value),
                                              message.token != 0};
                }
                break;
            case StageMessage::Type::begun: return {};
            case StageMessage::Type::failed:
                return tl::unexpected(
                    Error{static_cast<Error::Kind>(message.value), std::move(message.text)});
            default: return stage_died();
        }
    }
    return stage_died();
}

Stage::~Stage() {
    if (!channel_) {
        return;
    }
    // This process may be confined, and may not send signals then: the stage is asked to end.
    StageMessage stop;
    stop.type = StageMessage::Type::stop;
    send(stop);
    pollfd end{channel_.get(), POLLIN, 0};
    for (StageMessage last; poll(&end, 1, patience_ms) > 0 && next(last) == Heard::message;) {
        // What it had to say comes too late.
    }
}

}  // namespace ghostpeer::servers
