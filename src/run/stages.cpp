#include "run/stages.hpp"

#include <utility>

namespace ghostpeer::run {
namespace {

[[nodiscard]] tl::expected<void, sandbox::Error> begin_one(const servers::Cast& cast,
                                                           std::optional<servers::Stage>& stage) {
    auto begun = servers::Stage::begin(cast);
    if (!begun) {
        return tl::unexpected(std::move(begun.error()));
    }
    stage.emplace(std::move(*begun));
    return {};
}

}  // namespace

tl::expected<void, sandbox::Error> Stages::begin(const setup::Peers& peers,
                                                 const std::vector<int>& kept_outside) {
    if (!peers.servers.empty()) {
        if (auto begun = begin_one({{}, peers.servers, true, kept_outside}, servers_); !begun) {
            return begun;
        }
    }
    if (!peers.relays.commands.empty()) {
        return begin_one({peers.relays.commands, {}, false, kept_outside}, processes_);
    }
    return {};
}

servers::Behind Stages::behind(const setup::Peers& peers) const {
    servers::Behind behind;
    behind.processes = processes_ ? &*processes_ : nullptr;
    behind.commands = peers.relays.commands;
    behind.servers = servers_ ? &*servers_ : nullptr;
    behind.names = peers.relays.names;
    return behind;
}

}  // namespace ghostpeer::run
