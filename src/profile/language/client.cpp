// `role:` and `client:`, the connections that the peer opens by itself.
#include "profile/document/values.hpp"
#include "profile/language/addresses.hpp"
#include "profile/language/draft.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace ghostpeer::profile {

namespace {

constexpr std::uint64_t max_connections = 1'000'000;
constexpr double max_rate = 100'000;
constexpr std::size_t max_times = 1'000;

void read_client_port(const Entry& entry, Client& client, Context& context) {
    if (const auto port = read_number(entry, 1, UINT16_MAX, context.errors)) {
        client.port = static_cast<std::uint16_t>(*port);
    }
}

void read_connections(const Entry& entry, Client& client, Context& context) {
    if (const auto count = read_number(entry, 1, max_connections, context.errors)) {
        client.connections = static_cast<std::uint32_t>(*count);
    }
}

/// Connections per second: `10`, `0.5`, `10/s`.
std::optional<double> parse_connection_rate(std::string_view text) {
    text = trim(text);
    if (text.ends_with("/s")) {
        text = trim(text.substr(0, text.size() - 2));
    }
    const auto point = text.find('.');
    const auto whole = parse_number(text.substr(0, point));
    if (!whole || *whole > static_cast<std::uint64_t>(max_rate)) {
        return std::nullopt;
    }
    auto rate = static_cast<double>(*whole);
    if (point != std::string_view::npos) {
        const auto digits = text.substr(point + 1);
        constexpr std::size_t most_digits = 6;
        const auto fraction = parse_number(digits);
        if (!fraction || digits.size() > most_digits) {
            return std::nullopt;
        }
        rate += static_cast<double>(*fraction) / std::pow(10.0, static_cast<double>(digits.size()));
    }
    return rate > 0 && rate <= max_rate ? std::optional(rate) : std::nullopt;
}

void read_connection_rate(const Entry& entry, Client& client, Context& context) {
    if (entry.value.type == YamlNode::Type::scalar) {
        if (const auto rate = parse_connection_rate(entry.value.text)) {
            client.rate = rate;
            return;
        }
    }
    report_wrong_type(entry, "connections per second such as `10` or `0.5`, up to 100000",
                      context.errors);
}

void read_source_port(const Entry& entry, Client& client, Context& context) {
    if (const auto port = read_number(entry, 1, UINT16_MAX, context.errors)) {
        client.source_port = static_cast<std::uint16_t>(*port);
    }
}

void read_sources(const Entry& entry, Client& client, Context& context) {
    client.sources = read_address_blocks(entry, context.errors);
}

/// `5s` or `[0s, 5s]`
void read_times(const Entry& entry, Client& client, Context& context) {
    if (entry.value.type != YamlNode::Type::list) {
        if (const auto time = read_time(entry, context.errors)) {
            client.at = {*time};
        }
        return;
    }
    client.at.clear();
    if (entry.value.items.empty() || entry.value.items.size() > max_times) {
        context.errors.add(entry.value, "`at` names one to 1000 times");
    }
    for (const YamlNode& item : entry.value.items) {
        if (const auto time = read_time(Entry{entry.key, item}, context.errors)) {
            client.at.push_back(*time);
        }
    }
    std::sort(client.at.begin(), client.at.end());
}

void read_after_last(const Entry& entry, Client& client, Context& context) {
    if (is_word(entry, "closed")) {
        client.after = After::closed;
    } else if (is_word(entry, "response")) {
        client.after = After::response;
    } else {
        report_wrong_type(entry, "`closed` or `response`", context.errors);
    }
}

void read_on_command(const Entry& entry, Client& client, Context& context) {
    if (!expect_type(entry, YamlNode::Type::scalar, "`command NAME`", context.errors)) {
        return;
    }
    const auto event = read_event(entry.value.text, entry.value, context);
    if (const auto* command = event ? std::get_if<OnCommand>(&*event) : nullptr) {
        client.on = command->name;
    } else if (event) {
        context.errors.add(entry.value,
                           "a client dials on a command alone: `on: command NAME`, not " +
                               in_quotes(entry.value.text));
    }
}

constexpr std::array<Word<ReadKey<Client>>, 8> client_words{{
    {"port", read_client_port},
    {"connections", read_connections},
    {"rate", read_connection_rate},
    {"source_port", read_source_port},
    {"sources", read_sources},
    {"at", read_times},
    {"after", read_after_last},
    {"on", read_on_command},
}};

/// Does it say something by itself?
[[nodiscard]] bool speaks(const Service& service) noexcept {
    return std::holds_alternative<Respond>(service) || std::holds_alternative<Script>(service) ||
           std::holds_alternative<Source>(service) || std::holds_alternative<Echo>(service);
}

[[nodiscard]] std::uint64_t count_hosts(const std::vector<wire::AddressBlock>& blocks) noexcept {
    std::uint64_t count = 0;
    for (const wire::AddressBlock& block : blocks) {
        count += std::min(block.hosts(), max_connections);
    }
    return count;
}

/// Words of `client` that cannot stand together.
void check_connections(const Client& client, const YamlNode& at, Errors& errors) {
    const std::uint64_t all =
        std::uint64_t{client.connections} * std::max(client.at.size(), std::size_t{1});
    if (all > max_connections) {
        errors.add(at, "`connections` at each time of `at` are " + std::to_string(all) +
                           " together, and a client opens a million at most");
    }
    if (client.after && client.rate) {
        errors.add(at,
                   "`after` has each connection wait for the one before, so there is no `rate`");
    }
    const std::uint64_t sources = std::max(count_hosts(client.sources), std::uint64_t{1});
    if (client.source_port && (all + sources - 1) / sources > 65536U - *client.source_port) {
        errors.add(at, in_quotes("connections: " + std::to_string(client.connections)) + " from " +
                           in_quotes("source_port: " + std::to_string(*client.source_port)) +
                           " on would need ports beyond 65535");
    }
}

}  // namespace

void read_role(const Entry& entry, Draft& draft, Context& context) {
    draft.role = &entry;
    const bool of_a_server = draft.profile.role == Role::server && draft.service != nullptr &&
                             draft.service->value.source != entry.value.source;
    if (is_word(entry, "server")) {
        draft.profile.role = Role::server;
    } else if (is_word(entry, "client")) {
        draft.profile.role = Role::client;
        if (of_a_server && forget_answers(draft.profile.service)) {
            draft.not_inherited = draft.service;
        }
    } else {
        report_wrong_type(entry, "`server` or `client`", context.errors);
    }
}

bool forget_answers(Service& service) {
    const bool spoke = speaks(service);
    if (spoke) {
        service = Discard{};
    }
    return spoke;
}

std::string not_inherited(std::string_view of) {
    return "The client does not inherit the service of " + std::string(of) +
           ", which is a server's: it only reads. What it says is for its own `service` or its "
           "rules; `service: discard` says that it says nothing.";
}

void read_client(const Entry& entry, Draft& draft, Context& context) {
    draft.client = &entry;
    if (expect_type(entry, YamlNode::Type::map, "a map such as `{port: 8080}`", context.errors)) {
        read_keys(entry.value, client_words, "key", " in `client`", draft.profile.client, context);
    }
}

void check_client(const Draft& draft, Errors& errors) {
    const auto* relay = std::get_if<Relay>(&draft.profile.service);
    if (draft.profile.role == Role::client && relay != nullptr) {
        errors.add(draft.role->value, std::string("`service: ") +
                                          (relay->to == Relay::To::process ? "exec" : "relay") +
                                          "` passes on what the program opens, and with "
                                          "`role: client` it opens nothing");
    }
    if (draft.client == nullptr) {
        return;
    }
    const Client& client = draft.profile.client;
    if (draft.profile.role == Role::server) {
        errors.add(draft.client->key,
                   "`client` says how the peer opens connections, which needs `role: client`");
    } else {
        check_connections(client, draft.client->key, errors);
    }
}

}  // namespace ghostpeer::profile
