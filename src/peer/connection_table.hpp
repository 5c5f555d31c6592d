// All connections by flow: stable addresses, a dozen bytes of index for each.
#pragma once

#include "peer/connection.hpp"

#include <tsl/robin_set.h>

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <vector>

namespace ghostpeer::peer {

class ConnectionTable {
  public:
    ConnectionTable(std::uint64_t hash_key, std::size_t limit, std::pmr::memory_resource* memory);
    ~ConnectionTable();
    ConnectionTable(const ConnectionTable&) = delete;
    ConnectionTable& operator=(const ConnectionTable&) = delete;

    [[nodiscard]] Connection* find(const wire::Flow& flow) noexcept;
    /// Fetches the flow's connection, if it has one, into the cache without waiting for it; before
    /// that, and as long before as may be, where it may be found.
    void prefetch(const wire::Flow& flow) const noexcept;
    void prefetch_guess(const wire::Flow& flow) const noexcept;
    /// The connection that the handle was made for, unless it has been erased or replaced.
    [[nodiscard]] Connection* find(Handle handle) noexcept;
    /// A blank record for a flow that has none; null at the limit.
    [[nodiscard]] Connection* create(const wire::Flow& flow);
    void erase(Connection& connection);

    [[nodiscard]] std::size_t size() const noexcept { return index_.size(); }
    [[nodiscard]] bool full() const noexcept { return size() >= limit_; }

    /// How many slots have ever been used; each holds a connection or none.
    [[nodiscard]] std::uint32_t slots() const noexcept { return made_; }
    /// Null where the slot holds none.
    [[nodiscard]] Connection* in_slot(std::uint32_t slot) const noexcept {
        Connection& connection = at(slot);
        return connection.in_use ? &connection : nullptr;
    }

    [[nodiscard]] Connection* find_by_id(ConnectionId id) const noexcept;

    template <typename Visitor>
    void for_each(Visitor visit) {
        for (const std::uint32_t slot : index_) {
            visit(at(slot));
        }
    }

  private:
    // Taken whole and touched as it fills, so that its size costs nothing but addresses.
    static constexpr std::size_t chunk_size = 8'192;

    [[nodiscard]] std::uint32_t make_slot();
    [[nodiscard]] std::uint32_t& guess(std::size_t hash) noexcept {
        return guesses_[hash & (guesses_.size() - 1)];
    }
    [[nodiscard]] const std::uint32_t& guess(std::size_t hash) const noexcept {
        return guesses_[hash & (guesses_.size() - 1)];
    }
    void note(std::size_t hash, std::uint32_t slot);
    [[nodiscard]] Connection& at(std::uint32_t slot) const noexcept {
        return chunks_[slot / chunk_size][slot % chunk_size];
    }

    struct Hash {
        using is_transparent = void;
        const ConnectionTable* table;
        std::size_t operator()(std::uint32_t slot) const noexcept {
            return table->hash_(table->at(slot).flow);
        }
        std::size_t operator()(const wire::Flow& flow) const noexcept { return table->hash_(flow); }
    };
    struct Equal {
        using is_transparent = void;
        const ConnectionTable* table;
        bool operator()(std::uint32_t a, std::uint32_t b) const noexcept { return a == b; }
        bool operator()(std::uint32_t slot, const wire::Flow& flow) const noexcept {
            return table->at(slot).flow == flow;
        }
        bool operator()(const wire::Flow& flow, std::uint32_t slot) const noexcept {
            return table->at(slot).flow == flow;
        }
    };

    wire::FlowHash hash_;
    std::size_t limit_;
    std::pmr::memory_resource* memory_;
    std::vector<Connection*> chunks_;
    std::uint32_t made_ = 0;  ///< slots that hold a connection or a blank
    std::vector<std::uint32_t> free_;
    /// By hash, the slot that was used last with it, which need not be the flow's: nothing is
    /// compared on the way to a connection, and so nothing has to be waited for. Its size is a
    /// power of two and at least twice the number of connections.
    std::vector<std::uint32_t> guesses_;
    // The stored hash spares a look at the connection for nearly every slot that does not match.
    tsl::robin_set<std::uint32_t, Hash, Equal, std::allocator<std::uint32_t>, true> index_;
};

}  // namespace ghostpeer::peer
