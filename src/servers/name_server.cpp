#include "servers/name_server.hpp"

#include "profile/host_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ghostpeer::servers {
namespace {

constexpr std::size_t most_name_notices = 64;
constexpr std::size_t largest_message = 65535;
constexpr std::size_t largest_question = 4096;  // a name has 255 bytes; EDNS may add some options
constexpr std::size_t udp_and_ip = 48;

}  // namespace

NameServer::NameServer(peer::Engine& engine, wire::PacketLibrary& packets,
                       setup::AddressesByName names, bool forward, std::uint16_t mtu)
    : engine_(engine),
      packets_(packets),
      names_(std::move(names)),
      largest_datagram_(mtu - udp_and_ip) {
    if (forward) {
        forwarder_.emplace(upstream::host_name_servers());
    }
}

bool NameServer::handle(Instant now) {
    if (!forwarder_) {
        return false;
    }
    forwarder_->handle(now);
    forwarder_->on_time(now);
    auto answers = forwarder_->take();
    for (upstream::Forwarder::Answer& answer : answers) {
        const auto found = askers_.find(answer.token);
        if (found == askers_.end()) {
            continue;
        }
        if (answer.message.empty()) {
            if (const auto query = packets_.parse_dns_query(found->second.datagram.payload)) {
                answer.message =
                    packets_.compose_dns_answer(*query, wire::DnsOutcome::server_failure, {});
            }
        }
        const Asker asker = std::move(found->second);
        askers_.erase(found);
        give(asker, answer.message, now);
        const auto stream =
            asker.connection ? streams_.find(asker.connection->connection) : streams_.end();
        if (stream != streams_.end() && --stream->second.asked == 0 && stream->second.finished) {
            engine_.upstream_ended(*asker.connection, now);
        }
    }
    return !answers.empty();
}

std::optional<Instant> NameServer::next_deadline() const noexcept {
    return forwarder_ ? forwarder_->next_deadline() : std::nullopt;
}

void NameServer::carry_out(Instant now) {
    engine_.take_datagrams(datagrams_);
    for (wire::Datagram& datagram : std::exchange(datagrams_, {})) {
        if (datagram.payload.size() > largest_question) {
            continue;
        }
        const wire::Bytes message = datagram.payload;
        Asker asker{std::nullopt, std::move(datagram)};
        const Asker back{std::nullopt, {asker.datagram.source, asker.datagram.destination, {}}};
        if (const auto reply = answer(message, std::move(asker), now)) {
            give(back, *reply, now);
        }
    }
    // Some questions end at once.
    static_cast<void>(handle(now));
}

std::optional<wire::Bytes> NameServer::answer(const wire::Bytes& message, Asker&& asker,
                                              Instant now) {
    const auto query = packets_.parse_dns_query(message);
    if (!query) {
        return packets_.dns_format_error(message);
    }
    const auto known = query->opcode == 0 && query->question_class == wire::dns_class_internet
                           ? names_.find(query->name)
                           : names_.end();
    if (known != names_.end()) {
        std::vector<wire::IpAddress> addresses = known->second;
        std::erase_if(addresses, [&](const wire::IpAddress& address) {
            return query->type != wire::dns_type_any &&
                   query->type != (address.is_v4() ? wire::dns_type_a : wire::dns_type_aaaa);
        });
        return packets_.compose_dns_answer(*query, wire::DnsOutcome::no_error, addresses);
    }
    if (forwarder_) {
        const std::uint64_t token = ++asked_;
        const bool stream = asker.connection.has_value();
        if (stream) {
            asker.datagram.payload = query->head;
            ++streams_[asker.connection->connection].asked;
        }
        askers_.emplace(token, std::move(asker));
        forwarder_->ask(token, message, stream, now);
        return std::nullopt;
    }
    if (query->opcode != 0) {
        return packets_.compose_dns_answer(*query, wire::DnsOutcome::not_implemented, {});
    }
    note_unknown(*query);
    return packets_.compose_dns_answer(*query, wire::DnsOutcome::name_error, {});
}

void NameServer::give(const Asker& asker, const wire::Bytes& message, Instant now) {
    if (message.empty()) {
        return;
    }
    if (asker.connection) {
        const auto stream = streams_.find(asker.connection->connection);
        if (stream == streams_.end()) {
            return;
        }
        const std::size_t size = std::min(message.size(), largest_message);
        wire::Bytes framed{static_cast<std::uint8_t>(size >> 8),
                           static_cast<std::uint8_t>(size & 0xffU)};
        framed.insert(framed.end(), message.begin(),
                      message.begin() + static_cast<std::ptrdiff_t>(size));
        engine_.upstream_bytes(*asker.connection, framed, now);
        return;
    }
    const wire::Datagram& question = asker.datagram;
    if (message.size() > largest_datagram_) {
        if (const auto query = packets_.parse_dns_query(question.payload)) {
            engine_.send_datagram(
                {question.destination, question.source, packets_.dns_truncated(*query)}, now);
            return;
        }
    }
    engine_.send_datagram({question.destination, question.source, message}, now);
}

bool NameServer::perform(peer::UpstreamRequest& request, Instant now) {
    if (const auto* connect = std::get_if<peer::UpstreamConnect>(&request.what)) {
        if (connect->where.to != profile::Relay::To::name_server) {
            return false;
        }
        streams_[request.id.connection];
        engine_.upstream_connected(request.id, now);
        return true;
    }
    const auto found = streams_.find(request.id.connection);
    if (found == streams_.end()) {
        return false;
    }
    Stream& stream = found->second;
    if (auto* send = std::get_if<peer::UpstreamSend>(&request.what)) {
        stream.received.insert(stream.received.end(), send->bytes.begin(), send->bytes.end());
        stream.untold += send->bytes.size();
        read_stream(request.id, stream, now);
    } else if (const auto* reading = std::get_if<peer::UpstreamReading>(&request.what)) {
        stream.paused = !reading->on;
        read_stream(request.id, stream, now);
    } else if (std::holds_alternative<peer::UpstreamShutdown>(request.what)) {
        stream.finished = true;
        if (stream.asked == 0 && !stream.paused) {
            engine_.upstream_ended(request.id, now);
        }
    } else {
        streams_.erase(found);
    }
    return true;
}

/// Answers each whole message of a stream; of one that is not whole, no more than its length is
/// kept.
void NameServer::read_stream(const peer::UpstreamId& id, Stream& stream, Instant now) {
    if (stream.paused) {
        return;
    }
    const wire::Bytes received = std::exchange(stream.received, {});
    std::size_t at = 0;
    while (received.size() - at >= 2) {
        const std::size_t length = std::size_t{received[at]} << 8 | received[at + 1];
        if (received.size() - at - 2 < length) {
            break;
        }
        const auto begin = received.begin() + static_cast<std::ptrdiff_t>(at) + 2;
        const wire::Bytes message(begin, begin + static_cast<std::ptrdiff_t>(length));
        at += length + 2;
        if (const auto reply = answer(message, Asker{id, {}}, now)) {
            give(Asker{id, {}}, *reply, now);
        }
    }
    stream.received.assign(received.begin() + static_cast<std::ptrdiff_t>(at), received.end());
    engine_.upstream_took(id, std::exchange(stream.untold, 0), now);
    if (stream.finished && stream.asked == 0) {
        engine_.upstream_ended(id, now);
    }
}

void NameServer::note_unknown(const wire::DnsQuery& query) {
    if (noticed_.size() >= most_name_notices || !noticed_.insert(query.name).second) {
        return;
    }
    // No --peer gives an address a name: programs that look at who is there ask for it all the
    // same.
    const bool reverse = query.type == wire::dns_type_ptr || query.name.ends_with(".arpa");
    notices_.push_back(
        {"unknown-name",
         reverse ? fmt::format("The name behind an address was asked for (\"{}\"): addresses have "
                               "no names here, and the program was told so.",
                               query.name)
         : profile::is_host_name(query.name)
             ? fmt::format("The name \"{}\" was asked for and is not known here: --peer "
                           "{}=PROFILE gives it an address.",
                           query.name, query.name)
             : fmt::format("The name \"{}\" was asked for, which is no host's, and the program "
                           "was told that it is not known.",
                           query.name)});
    if (!reverse) {
        unknown_.push_back(query.name);
    }
}

std::vector<event::Notice> NameServer::take_notices() { return std::exchange(notices_, {}); }

}  // namespace ghostpeer::servers
