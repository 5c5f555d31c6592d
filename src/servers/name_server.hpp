// The names of a run: those given with `--peer`, and with `relay: original` all that the host
// knows.
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "ghostpeer/wire/packet_library.hpp"
#include "posix/file_descriptor.hpp"
#include "setup/dns_option.hpp"
#include "setup/names.hpp"
#include "upstream/forwarder.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ghostpeer::servers {

/// What a name server knows.
struct Knowledge {
    setup::AddressesByName names;
    bool forward = false;  ///< other names are the host's; else there are no others
    std::vector<setup::DnsOption> faults{};  ///< the most specific first
};

class NameServer {
  public:
    /// `mtu` is the link's: what it does not carry whole is asked for again over TCP.
    NameServer(peer::Engine& engine, wire::PacketLibrary& packets, Knowledge knowledge,
               std::uint16_t mtu);

    /// Readable when there is something to do; -1: never.
    [[nodiscard]] int fd() const noexcept { return forwarder_ ? forwarder_->fd() : -1; }
    /// The host's name servers have answered, or will not, or a late answer is due. False: nothing
    /// of the kind.
    bool handle(Instant now);
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept;
    /// Answers the UDP packets that the engine has for it.
    void carry_out(Instant now);
    /// What the user should know, each sentence once in a run.
    [[nodiscard]] std::vector<event::Notice> take_notices();
    /// Names that were asked for and have no address here, in that order.
    [[nodiscard]] const std::vector<std::string>& unknown() const noexcept { return unknown_; }

    /// A name, in lower case, that comes while the run goes on, and goes again.
    void add_name(const std::string& name, std::vector<wire::IpAddress> addresses) {
        knowledge_.names.insert_or_assign(name, std::move(addresses));
    }
    void remove_name(const std::string& name) { knowledge_.names.erase(name); }

    /// A request of a connection to port 53. True: it is one of its own.
    [[nodiscard]] bool perform(peer::UpstreamRequest& request, Instant now);

  private:
    /// Who is to get an answer.
    struct Asker {
        std::optional<peer::UpstreamId> connection;  ///< unset: by UDP, `datagram`
        wire::Datagram datagram;                     ///< the question's, its payload kept
        Duration late{};                             ///< so much later it gets it
    };

    struct LateAnswer {
        Asker asker;
        wire::Bytes message;
    };

    /// A connection to port 53.
    struct Stream {
        std::vector<std::uint8_t> received;  ///< not answered yet
        std::size_t untold = 0;  ///< bytes of it that the engine believes to be on their way
        std::size_t asked = 0;   ///< questions whose answers are still to come
        bool paused = false;     ///< the client does not read its answers
        bool finished = false;   ///< no question will come any more
    };

    /// The answer, unless it comes later, or never: then nothing, and `asker` is noted.
    [[nodiscard]] std::optional<wire::Bytes> answer(const wire::Bytes& message, Asker&& asker,
                                                    Instant now);
    /// As `--dns` has it.
    [[nodiscard]] std::optional<wire::Bytes> answer_as(std::size_t index,
                                                       const wire::DnsQuery& query,
                                                       const wire::Bytes& message, Asker&& asker,
                                                       Instant now);
    /// What the name has, or where it is asked for.
    [[nodiscard]] std::optional<wire::Bytes> answer_honestly(const wire::DnsQuery& query,
                                                             const wire::Bytes& message,
                                                             Asker&& asker, Instant now);
    /// The index of the first that is about the question.
    [[nodiscard]] std::optional<std::size_t> fault_of(const wire::DnsQuery& query,
                                                      bool over_tcp) const;
    void note_fault(const wire::DnsQuery& query, bool over_tcp, const std::string& what);
    void give(const Asker& asker, const wire::Bytes& message, Instant now);
    void give_later(Asker asker, wire::Bytes message, Instant now);
    [[nodiscard]] bool give_what_is_due(Instant now);
    /// An answer that its connection has waited for is there, or is lost.
    void settle(const Asker& asker, Instant now);
    void read_stream(const peer::UpstreamId& id, Stream& stream, Instant now);
    void note_unknown(const wire::DnsQuery& query);

    peer::Engine& engine_;
    wire::PacketLibrary& packets_;
    Knowledge knowledge_;
    std::vector<std::uint64_t> asked_of_fault_;  ///< questions so far, by index
    std::multimap<Instant, LateAnswer> late_;
    std::size_t faults_told_ = 0;
    std::optional<upstream::Forwarder> forwarder_;
    std::size_t largest_datagram_;
    std::unordered_map<std::uint64_t, Asker> askers_;
    std::uint64_t asked_ = 0;
    std::unordered_map<event::ConnectionId, Stream> streams_;
    std::vector<wire::Datagram> datagrams_;
    std::vector<event::Notice> notices_;
    std::set<std::string> noticed_;
    std::vector<std::string> unknown_;  ///< as many of them as have a notice
};

}  // namespace ghostpeer::servers
