#include "peer/connection_table.hpp"

#include <memory>

namespace ghostpeer::peer {

namespace {

constexpr std::uint32_t none = UINT32_MAX;
constexpr std::size_t fewest_guesses = 64;

}  // namespace

ConnectionTable::ConnectionTable(std::uint64_t hash_key, std::size_t limit,
                                 std::pmr::memory_resource* memory)
    : hash_{hash_key},
      limit_(limit),
      memory_(memory),
      guesses_(fewest_guesses, none),
      index_(0, Hash{this}, Equal{this}) {}

ConnectionTable::~ConnectionTable() {
    for (std::uint32_t slot = 0; slot < made_; ++slot) {
        std::destroy_at(&at(slot));
    }
    for (Connection* chunk : chunks_) {
        memory_->deallocate(chunk, chunk_size * sizeof(Connection), alignof(Connection));
    }
}

namespace {

/// Of many connections none is in the cache: fetches its lines side by side, not one by one.
void prefetch_lines(const Connection& connection) noexcept {
    const auto* bytes = reinterpret_cast<const char*>(&connection);
    constexpr std::size_t line = 64;
    for (std::size_t offset = 0; offset < sizeof(Connection); offset += line) {
        __builtin_prefetch(bytes + offset);
    }
}

}  // namespace

Connection* ConnectionTable::find(const wire::Flow& flow) noexcept {
    const std::size_t hash = hash_(flow);
    if (const std::uint32_t slot = guess(hash); slot < made_) {
        Connection& guessed = at(slot);
        prefetch_lines(guessed);
        if (guessed.in_use && guessed.flow == flow) {
            return &guessed;
        }
    }
    const auto found = index_.find(flow, hash);
    if (found == index_.end()) {
        return nullptr;
    }
    note(hash, *found);
    Connection& connection = at(*found);
    prefetch_lines(connection);
    return &connection;
}

void ConnectionTable::prefetch_guess(const wire::Flow& flow) const noexcept {
    __builtin_prefetch(&guess(hash_(flow)));
}

void ConnectionTable::prefetch(const wire::Flow& flow) const noexcept {
    if (const std::uint32_t slot = guess(hash_(flow)); slot < made_) {
        prefetch_lines(at(slot));
    }
}

void ConnectionTable::note(std::size_t hash, std::uint32_t slot) {
    if (size() > guesses_.size() / 2) {
        // What is forgotten here is noted again when it is next found.
        guesses_.assign(guesses_.size() * 4, none);
    }
    // Two that meet here would else take turns, and neither would ever be guessed.
    std::uint32_t& kept = guess(hash);
    if (kept >= made_ || !at(kept).in_use) {
        kept = slot;
    }
}

Connection* ConnectionTable::find(Handle handle) noexcept {
    if (handle.slot >= made_) {
        return nullptr;
    }
    Connection& connection = at(handle.slot);
    return connection.in_use && connection.id == handle.id ? &connection : nullptr;
}

Connection* ConnectionTable::find_by_id(ConnectionId id) const noexcept {
    const auto is_it = [id](const Connection* connection) {
        return connection != nullptr && connection->id == id;
    };
    // Until slots are given out again they are in the order of the ids.
    if (id - 1 < made_) {
        if (Connection* likely = in_slot(static_cast<std::uint32_t>(id - 1)); is_it(likely)) {
            return likely;
        }
    }
    for (std::uint32_t slot = 0; slot < made_; ++slot) {
        if (Connection* connection = in_slot(slot); is_it(connection)) {
            return connection;
        }
    }
    return nullptr;
}

std::uint32_t ConnectionTable::make_slot() {
    if (made_ == chunks_.size() * chunk_size) {
        chunks_.reserve(chunks_.size() + 1);
        chunks_.push_back(static_cast<Connection*>(
            memory_->allocate(chunk_size * sizeof(Connection), alignof(Connection))));
    }
    std::construct_at(&at(made_));
    return made_++;
}

Connection* ConnectionTable::create(const wire::Flow& flow) {
    if (full()) {
        return nullptr;
    }
    const std::uint32_t slot = free_.empty() ? make_slot() : free_.back();
    if (!free_.empty()) {
        free_.pop_back();
    }
    Connection& connection = at(slot);
    connection.flow = flow;
    connection.slot = slot;
    connection.in_use = true;
    index_.insert(slot);
    note(hash_(flow), slot);
    return &connection;
}

void ConnectionTable::erase(Connection& connection) {
    const std::uint32_t slot = connection.slot;
    index_.erase(slot);
    connection = Connection{};
    free_.push_back(slot);
}

}  // namespace ghostpeer::peer
