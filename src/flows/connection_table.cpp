#include "flows/connection_table.hpp"

#include <memory>
#include <span>

namespace ghostpeer::flows {

namespace {

constexpr std::size_t fewest_guesses = 64;

}  // namespace

ConnectionTable::ConnectionTable(std::uint64_t hash_key, std::size_t limit,
                                 std::pmr::memory_resource* memory)
    : hash_{hash_key},
      limit_(limit),
      memory_(memory),
      guesses_(fewest_guesses),
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

void prefetch_line(const void* at) noexcept {
    __builtin_prefetch(at);
    // To GCC a function that does nothing but prefetch has no effect, and no call of it is made.
    asm volatile("");
}

/// Of many connections none is in the cache: fetches its lines side by side, not one by one.
void prefetch_lines(const Connection& connection) noexcept {
    const auto* bytes = reinterpret_cast<const char*>(&connection);
    constexpr std::size_t line = 64;
    for (std::size_t offset = 0; offset < sizeof(Connection); offset += line) {
        prefetch_line(bytes + offset);
    }
}

}  // namespace

Connection* ConnectionTable::find(const wire::Flow& flow) noexcept {
    const std::size_t hash = hash_(flow);
    Connection* known = nullptr;
    const bool guessed = guess(hash, [&](Connection& connection) {
        prefetch_lines(connection);
        known = &connection;
        return connection.in_use && connection.flow == flow;
    });
    if (guessed) {
        return known;
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

void ConnectionTable::expect(const wire::Flow& flow) noexcept {
    if (expected_count_ == most_expected) {
        fetch_expected();
    }
    const std::size_t hash = hash_(flow);
    prefetch_line(&guesses_[set_of(hash)]);
    expected_[expected_count_] = hash;
    ++expected_count_;
}

void ConnectionTable::fetch_expected() noexcept {
    for (const std::size_t hash : std::span(expected_).first(expected_count_)) {
        guess(hash, [](const Connection& connection) {
            prefetch_lines(connection);
            return false;
        });
    }
    expected_count_ = 0;
}

void ConnectionTable::note(std::size_t hash, std::uint32_t slot) {
    if (slot >= Guesses::none) {
        return;
    }
    if (size() > guesses_.size() * 2) {
        // What is forgotten here is noted again when it is next found.
        guesses_.assign(guesses_.size() * 2, Guesses{});
    }
    const std::size_t set = set_of(hash);
    for (std::uint32_t& way : guesses_[set].ways) {
        const std::uint32_t kept = way & Guesses::slot_mask;
        // Those that meet here would else take turns, and none of them ever be guessed.
        if (kept >= made_ || !at(kept).in_use || set_of(hash_(at(kept).flow)) != set) {
            way = tag_of(hash) | slot;
            return;
        }
    }
}

Connection* ConnectionTable::find(Handle handle) noexcept {
    if (handle.slot >= made_) {
        return nullptr;
    }
    Connection& connection = at(handle.slot);
    return connection.in_use && connection.id == handle.id ? &connection : nullptr;
}

Connection* ConnectionTable::find_by_id(event::ConnectionId id) const {
    if (!by_id_) {
        by_id_.emplace(size());
        for (const std::uint32_t slot : index_) {
            by_id_->insert({at(slot).id, slot});
        }
    }
    const auto found = by_id_->find(id);
    return found == by_id_->end() ? nullptr : &at(found->second);
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

Connection* ConnectionTable::create(const wire::Flow& flow, event::ConnectionId id) {
    if (full()) {
        return nullptr;
    }
    const std::uint32_t slot = free_.empty() ? make_slot() : free_.back();
    if (!free_.empty()) {
        free_.pop_back();
    }
    Connection& connection = at(slot);
    connection.flow = flow;
    connection.id = id;
    connection.slot = slot;
    connection.in_use = true;
    if (by_id_) {
        by_id_->insert({id, slot});
    }
    index_.insert(slot);
    note(hash_(flow), slot);
    return &connection;
}

void ConnectionTable::renew(Connection& connection, event::ConnectionId id) {
    const wire::Flow flow = connection.flow;
    const std::uint32_t slot = connection.slot;
    if (by_id_) {
        by_id_->erase(connection.id);
        by_id_->insert({id, slot});
    }
    connection = Connection{};
    connection.flow = flow;
    connection.id = id;
    connection.slot = slot;
    connection.in_use = true;
}

void ConnectionTable::erase(Connection& connection) {
    const std::uint32_t slot = connection.slot;
    index_.erase(slot);
    if (by_id_) {
        by_id_->erase(connection.id);
    }
    connection = Connection{};
    free_.push_back(slot);
}

}  // namespace ghostpeer::flows
