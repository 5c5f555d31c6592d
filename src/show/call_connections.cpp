#include "show/call_connections.hpp"

#include "syscalls/arguments.hpp"

#include <algorithm>

namespace ghostpeer::show {
namespace {

constexpr std::size_t most_recent = 1024;

/// All descriptors that a call names, its result among them.
[[nodiscard]] std::vector<std::string_view> descriptors_of(const event::Call& call) {
    auto all = syscalls::annotations(call.arguments);
    if (!call.result_descriptor.empty()) {
        all.push_back(call.result_descriptor);
    }
    return all;
}

}  // namespace

void CallConnections::record(const event::Event& event) {
    const auto* attempt = std::get_if<event::Attempt>(&event.what);
    if (attempt == nullptr) {
        return;
    }
    by_flow_.note(attempt->flow, event.connection);
    if (!attempt->dialled) {
        recent_.push_back({attempt->flow, event.connection, event.at});
        if (recent_.size() > most_recent) {
            recent_.pop_front();
        }
    }
}

event::ConnectionId CallConnections::of_annotation(std::string_view annotation) const {
    if (const auto ends = syscalls::ends_of(annotation)) {
        return by_flow_.of({ends->second, ends->first});
    }
    const auto inode = syscalls::inode_of(annotation);
    const auto known = inode.empty() ? by_inode_.end() : by_inode_.find(std::string(inode));
    return known == by_inode_.end() ? 0 : known->second;
}

event::ConnectionId CallConnections::of_connect(const event::Call& call) {
    const auto words = syscalls::split_arguments(call.arguments);
    const auto to = words.size() < 2 ? std::nullopt : syscalls::socket_address(words[1]);
    if (!to) {
        return 0;
    }
    // Its SYN came after the call began. Of two threads that dial the same place at the same time
    // it cannot be told which is whose.
    const auto may_be = [&](const Attempt& attempt) {
        return attempt.flow.local == *to && attempt.at >= call.began;
    };
    const auto found = std::find_if(recent_.begin(), recent_.end(), may_be);
    if (found == recent_.end() || std::any_of(found + 1, recent_.end(), [&](const Attempt& other) {
            return may_be(other) && other.at <= call.began + call.took;
        })) {
        return 0;
    }
    const auto connection = found->connection;
    recent_.erase(found);
    const auto named = syscalls::annotations(words.front());
    const auto inode = named.empty() ? std::string_view() : syscalls::inode_of(named.front());
    if (!inode.empty()) {
        if (by_inode_.size() >= FlowNumbers::most) {
            by_inode_.clear();
        }
        by_inode_.insert_or_assign(std::string(inode), connection);
    }
    return connection;
}

event::ConnectionId CallConnections::of(const event::Call& call) {
    event::ConnectionId only = 0;
    for (const std::string_view annotation : descriptors_of(call)) {
        const auto connection = of_annotation(annotation);
        if (connection != 0 && only != 0 && connection != only) {
            return 0;  // a poll() of several is about none of them
        }
        only = connection != 0 ? connection : only;
    }
    // What an earlier connect() made known of the socket may be another connection's by now.
    const bool dials = call.name == "connect";
    const auto dialled = dials ? of_connect(call) : event::ConnectionId{0};
    return dialled != 0 ? dialled : only;
}

}  // namespace ghostpeer::show
