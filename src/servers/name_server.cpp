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
constexpr std::size_t most_late = 1'000;
constexpr std::size_t most_faults_told = 1'000;

[[nodiscard]] std::vector<wire::IpAddress> of_type(std::vector<wire::IpAddress> addresses,
                                                   std::uint16_t type) {
    std::erase_if(addresses, [&](const wire::IpAddress& address) {
        return type != wire::dns_type_any &&
               type != (address.is_v4() ? wire::dns_type_a : wire::dns_type_aaaa);
    });
    return addresses;
}

[[nodiscard]] std::string_view word_of(wire::DnsOutcome outcome) noexcept {
    switch (outcome) {
        case wire::DnsOutcome::no_error: return "no address";
        case wire::DnsOutcome::format_error: return "FORMERR";
        case wire::DnsOutcome::server_failure: return "SERVFAIL";
        case wire::DnsOutcome::name_error: return "NXDOMAIN";
        case wire::DnsOutcome::not_implemented: return "NOTIMP";
        case wire::DnsOutcome::refused: return "REFUSED";
    }
    return "";
}

[[nodiscard]] std::string type_name(std::uint16_t type) {
    switch (type) {
        case wire::dns_type_a: return "A";
        case wire::dns_type_aaaa: return "AAAA";
        default: return fmt::format("type {}", type);
    }
}

[[nodiscard]] std::string listed(const std::vector<wire::IpAddress>& addresses) {
    std::string text;
    for (const wire::IpAddress& address : addresses) {
        text += (text.empty() ? "" : ", ") + address.to_string();
    }
    return text.empty() ? "no address" : text;
}

[[nodiscard]] std::string seconds(Duration time) {
    return fmt::format("{} s", std::chrono::duration<double>(time).count());
}

}  // namespace

NameServer::NameServer(peer::Engine& engine, wire::PacketLibrary& packets, Knowledge knowledge,
                       std::uint16_t mtu)
    : engine_(engine),
      packets_(packets),
      knowledge_(std::move(knowledge)),
      asked_of_fault_(knowledge_.faults.size()),
      largest_datagram_(mtu - udp_and_ip) {
    if (knowledge_.forward) {
        forwarder_.emplace(upstream::host_name_servers());
    }
}

bool NameServer::handle(Instant now) {
    const bool gave = give_what_is_due(now);
    if (!forwarder_) {
        return gave;
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
        Asker asker = std::move(found->second);
        askers_.erase(found);
        if (asker.late > Duration::zero()) {
            give_later(std::move(asker), std::move(answer.message), now);
        } else {
            give(asker, answer.message, now);
            settle(asker, now);
        }
    }
    return gave || !answers.empty();
}

void NameServer::settle(const Asker& asker, Instant now) {
    const auto stream =
        asker.connection ? streams_.find(asker.connection->connection) : streams_.end();
    if (stream != streams_.end() && --stream->second.asked == 0 && stream->second.finished) {
        engine_.upstream_ended(*asker.connection, now);
    }
}

void NameServer::give_later(Asker asker, wire::Bytes message, Instant now) {
    if (late_.size() >= most_late) {
        settle(asker, now);
        return;
    }
    const Instant due = now + asker.late;
    late_.emplace(due, LateAnswer{std::move(asker), std::move(message)});
}

bool NameServer::give_what_is_due(Instant now) {
    bool gave = false;
    while (!late_.empty() && late_.begin()->first <= now) {
        const LateAnswer answer = std::move(late_.begin()->second);
        late_.erase(late_.begin());
        give(answer.asker, answer.message, now);
        settle(answer.asker, now);
        gave = true;
    }
    return gave;
}

std::optional<Instant> NameServer::next_deadline() const noexcept {
    auto next = forwarder_ ? forwarder_->next_deadline() : std::nullopt;
    if (!late_.empty()) {
        next = std::min(next.value_or(Instant::max()), late_.begin()->first);
    }
    return next;
}

void NameServer::carry_out(Instant now) {
    engine_.take_datagrams(datagrams_);
    for (wire::Datagram& datagram : std::exchange(datagrams_, {})) {
        if (datagram.payload.size() > largest_question) {
            continue;
        }
        const wire::Bytes message = datagram.payload;
        Asker asker{std::nullopt, std::move(datagram)};
        const Asker back{std::nullopt,
                         {asker.datagram.source, asker.datagram.destination, message}};
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
    const auto fault = fault_of(*query, asker.connection.has_value());
    return fault ? answer_as(*fault, *query, message, std::move(asker), now)
                 : answer_honestly(*query, message, std::move(asker), now);
}

std::optional<std::size_t> NameServer::fault_of(const wire::DnsQuery& query, bool over_tcp) const {
    if (query.opcode != 0 || query.question_class != wire::dns_class_internet) {
        return std::nullopt;
    }
    const auto& faults = knowledge_.faults;
    const auto found = std::find_if(faults.begin(), faults.end(), [&](const auto& fault) {
        return (fault.name.empty() || fault.name == query.name) &&
               (!fault.type || *fault.type == query.type) &&
               (!fault.over_tcp || *fault.over_tcp == over_tcp);
    });
    return found == faults.end() ? std::nullopt
                                 : std::optional(static_cast<std::size_t>(found - faults.begin()));
}

std::optional<wire::Bytes> NameServer::answer_as(std::size_t index, const wire::DnsQuery& query,
                                                 const wire::Bytes& message, Asker&& asker,
                                                 Instant now) {
    const setup::DnsOption& fault = knowledge_.faults[index];
    const bool over_tcp = asker.connection.has_value();
    if (++asked_of_fault_[index] <= fault.lose) {
        note_fault(query, over_tcp, "the question is lost");
        return std::nullopt;
    }
    asker.late = fault.late;
    const std::string later =
        fault.late > Duration::zero() ? fmt::format(", {} late", seconds(fault.late)) : "";
    std::optional<wire::Bytes> reply;
    if (fault.truncate && !over_tcp) {
        note_fault(query, over_tcp, "the answer is truncated" + later);
        reply = packets_.dns_truncated(query);
    } else if (fault.outcome) {
        note_fault(query, over_tcp,
                   fmt::format("the answer is {}{}", word_of(*fault.outcome), later));
        reply = packets_.compose_dns_answer(query, *fault.outcome, {});
    } else if (!fault.addresses.empty()) {
        const auto addresses = of_type(fault.addresses, query.type);
        note_fault(query, over_tcp, fmt::format("the answer is {}{}", listed(addresses), later));
        reply = packets_.compose_dns_answer(query, wire::DnsOutcome::no_error, addresses);
    } else {
        if (!later.empty()) {
            note_fault(query, over_tcp, "the answer is" + later.substr(1));
        }
        Asker copy = asker;
        reply = answer_honestly(query, message, std::move(copy), now);
    }
    if (!reply || fault.late == Duration::zero()) {
        return reply;
    }
    if (over_tcp) {
        ++streams_[asker.connection->connection].asked;
    }
    give_later(std::move(asker), std::move(*reply), now);
    return std::nullopt;
}

void NameServer::note_fault(const wire::DnsQuery& query, bool over_tcp, const std::string& what) {
    if (faults_told_ >= most_faults_told) {
        return;
    }
    ++faults_told_;
    notices_.push_back(
        {"dns", fmt::format("The name \"{}\" was asked for ({}, {}): {}.", query.name,
                            type_name(query.type), over_tcp ? "TCP" : "UDP", what)});
}

std::optional<wire::Bytes> NameServer::answer_honestly(const wire::DnsQuery& query,
                                                       const wire::Bytes& message, Asker&& asker,
                                                       Instant now) {
    const auto known = query.opcode == 0 && query.question_class == wire::dns_class_internet
                           ? knowledge_.names.find(query.name)
                           : knowledge_.names.end();
    if (known != knowledge_.names.end()) {
        return packets_.compose_dns_answer(query, wire::DnsOutcome::no_error,
                                           of_type(known->second, query.type));
    }
    if (forwarder_) {
        const std::uint64_t token = ++asked_;
        const bool stream = asker.connection.has_value();
        if (stream) {
            asker.datagram.payload = query.head;
            ++streams_[asker.connection->connection].asked;
        }
        askers_.emplace(token, std::move(asker));
        forwarder_->ask(token, message, stream, now);
        return std::nullopt;
    }
    if (query.opcode != 0) {
        return packets_.compose_dns_answer(query, wire::DnsOutcome::not_implemented, {});
    }
    note_unknown(query);
    return packets_.compose_dns_answer(query, wire::DnsOutcome::name_error, {});
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
