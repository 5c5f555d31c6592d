// All connections by flow: stable addresses, a dozen bytes of index for each.
#pragma once

#include "flows/connection.hpp"

#include <tsl/robin_map.h>
#include <tsl/robin_set.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <vector>

namespace ghostpeer::flows {

class ConnectionTable {
  public:
    ConnectionTable(std::uint64_t hash_key, std::size_t limit, std::pmr::memory_resource* memory);
    ~ConnectionTable();
    ConnectionTable(const ConnectionTable&) = delete;
    ConnectionTable& operator=(const ConnectionTable&) = delete;

    [[nodiscard]] Connection* find(const wire::Flow& flow) noexcept;
    /// The flow will be looked for soon: where its connection may be found is fetched into the
    /// cache, and a few flows later the connection itself.
    void expect(const wire::Flow& flow) noexcept;
    /// Fetches the connections that are still to be fetched.
    void fetch_expected() noexcept;
    /// The connection that the handle was made for, unless it has been erased or replaced.
    [[nodiscard]] Connection* find(Handle handle) noexcept;
    /// A blank record for a flow that has none; null at the limit. No connection had this id.
    [[nodiscard]] Connection* create(const wire::Flow& flow, event::ConnectionId id);
    void erase(Connection& connection);
    /// Makes the record a blank one of the same flow; handles of before name it no longer.
    void renew(Connection& connection, event::ConnectionId id);

    [[nodiscard]] std::size_t size() const noexcept { return index_.size(); }
    [[nodiscard]] bool full() const noexcept { return size() >= limit_; }

    /// How many slots have ever been used; each holds a connection or none.
    [[nodiscard]] std::uint32_t slots() const noexcept { return made_; }
    /// Null where the slot holds none.
    [[nodiscard]] Connection* in_slot(std::uint32_t slot) const noexcept {
        Connection& connection = at(slot);
        return connection.in_use ? &connection : nullptr;
    }

    /// The first call goes through all of them; from then on it is known where each is.
    [[nodiscard]] Connection* find_by_id(event::ConnectionId id) const;

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
    /// Where a flow's connection may be: slots that were used with a hash like its own, each in the
    /// lower bits and eight bits of the hash above them.
    struct alignas(16) Guesses {
        static constexpr std::uint32_t slot_mask = 0xffffff;
        static constexpr std::uint32_t none = slot_mask;
        std::array<std::uint32_t, 4> ways{none, none, none, none};
    };
    [[nodiscard]] static std::uint32_t tag_of(std::size_t hash) noexcept {
        return static_cast<std::uint32_t>(hash >> 56U << 24U);
    }
    [[nodiscard]] std::size_t set_of(std::size_t hash) const noexcept {
        return hash & (guesses_.size() - 1);
    }
    /// Calls back with each connection that may be the one, until that returns true.
    template <typename Visitor>
    bool guess(std::size_t hash, Visitor visit) const noexcept {
        for (const std::uint32_t way : guesses_[set_of(hash)].ways) {
            const std::uint32_t slot = way & Guesses::slot_mask;
            if (way - slot == tag_of(hash) && slot < made_ && visit(at(slot))) {
                return true;
            }
        }
        return false;
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
    /// By hash. Nothing is compared on the way from a packet to its guessed connection, so that
    /// nothing has to be waited for. As many as a power of two, and one for two connections.
    std::vector<Guesses> guesses_;
    // So many are fetched together, since each waits for its page's address alone.
    static constexpr std::size_t most_expected = 8;
    std::array<std::size_t, most_expected> expected_{};  ///< hashes
    std::size_t expected_count_ = 0;
    // The stored hash spares a look at the connection for nearly every slot that does not match.
    tsl::robin_set<std::uint32_t, Hash, Equal, std::allocator<std::uint32_t>, true> index_;
    /// Slots by id. Most runs are never asked for one, and spare themselves this.
    mutable std::optional<tsl::robin_map<event::ConnectionId, std::uint32_t>> by_id_;
};

}  // namespace ghostpeer::flows
