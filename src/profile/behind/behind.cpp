#include "profile/behind/behind.hpp"

#include "profile/document/source.hpp"
#include "profile/document/values.hpp"
#include "profile/host_name.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace ghostpeer::profile {
namespace {

constexpr std::size_t max_arguments = 1000;
constexpr std::uint64_t max_processes = 1000;
constexpr std::size_t max_servers = 20;

constexpr std::string_view relay_form =
    "`original`, HOST:PORT such as `db.example:5432` or `[2001:db8::5]:5432`, or the name of a "
    "server of the run";

[[nodiscard]] Place place_of(const YamlNode& node) {
    return {node.source->name(), node.mark.line + 1, node.mark.column + 1};
}

/// The name of a server; an address, or a bare number, is somebody's who forgot the rest.
[[nodiscard]] bool is_server_name(std::string_view text) {
    return is_host_name(text) && !wire::IpAddress::parse(text) && !parse_number(text) &&
           text != "original";
}

/// `[CMD, ARG…]`
std::vector<std::string> read_arguments(const Entry& entry, Context& context) {
    std::vector<std::string> command;
    if (!expect_type(entry, YamlNode::Type::list,
                     "a program and its arguments, such as `[python3, -u, server.py]`; a line for "
                     "the shell is `[sh, -c, 'LINE']`",
                     context.errors)) {
        return command;
    }
    if (entry.value.items.empty() || entry.value.items.size() > max_arguments) {
        context.errors.add(entry.value,
                           in_quotes(entry.key.text) +
                               " needs a program, and no more than 1000 arguments with it");
        return command;
    }
    for (const YamlNode& item : entry.value.items) {
        if (item.type != YamlNode::Type::scalar) {
            context.errors.add(
                item, "a program's argument is a text, not " + std::string(describe(item.type)));
            return {};
        }
        if (item.text.find('\0') != std::string::npos || (command.empty() && item.text.empty())) {
            context.errors.add(item, command.empty() && item.text.empty()
                                         ? "a program has a name"
                                         : "a program's argument holds no byte 0");
            return {};
        }
        command.push_back(item.text);
    }
    return command;
}

constexpr std::array<Word<ReadKey<Relay>>, 2> exec_words{{
    {"command", [](const Entry& entry, Relay& relay,
                   Context& context) { relay.command = read_arguments(entry, context); }},
    {"processes",
     [](const Entry& entry, Relay& relay, Context& context) {
         relay.processes = static_cast<std::uint32_t>(
             read_number(entry, 1, max_processes, context.errors).value_or(relay.processes));
     }},
}};

std::optional<std::uint16_t> read_port(const Entry& entry, Context& context) {
    const auto port = read_number(entry, 1, UINT16_MAX, context.errors);
    return port ? std::optional(static_cast<std::uint16_t>(*port)) : std::nullopt;
}

/// A list, or a line for the shell.
std::vector<std::string> read_server_command(const Entry& entry, Context& context) {
    if (entry.value.type == YamlNode::Type::list) {
        return read_arguments(entry, context);
    }
    const auto text = read_text(entry, context.errors);
    if (!text) {
        return {};
    }
    if (trim(*text).empty() || text->find('\0') != std::string::npos) {
        context.errors.add(entry.value,
                           "a server needs a command, such as `redis-server --port 1`");
        return {};
    }
    return {"/bin/sh", "-c", *text};
}

constexpr std::array<Word<ReadKey<Server>>, 4> server_words{{
    {"command", [](const Entry& entry, Server& server,
                   Context& context) { server.command = read_server_command(entry, context); }},
    {"port", [](const Entry& entry, Server& server,
                Context& context) { server.port = read_port(entry, context); }},
    {"ready",
     [](const Entry& entry, Server& server, Context& context) {
         const auto text = read_text(entry, context.errors);
         if (!text) {
             return;
         }
         auto pattern = Pattern::parse(*text);
         if (!pattern) {
             context.errors.add(entry.value, "this expression is none: " + pattern.error());
         } else if (text->empty()) {
             context.errors.add(entry.value, "`ready` needs a text or an expression");
         } else {
             server.ready = std::move(*pattern);
         }
     }},
    {"within",
     [](const Entry& entry, Server& server, Context& context) {
         server.within = read_time(entry, context.errors).value_or(server.within);
     }},
}};

void read_server(const Entry& entry, Server& server, Context& context) {
    if (entry.value.type == YamlNode::Type::map) {
        read_keys(entry.value, server_words, "key", " in a server", server, context);
        if (find(entry.value, "command") == nullptr) {
            context.errors.add(entry.value,
                               "the server " + in_quotes(entry.key.text) + " needs a `command`");
        }
    } else {
        server.command = read_server_command(entry, context);
    }
}

}  // namespace

std::optional<Service> read_relay(const Entry& entry, Context& context) {
    if (is_word(entry, "original")) {
        return Relay{Relay::To::original, {}, 0};
    }
    const std::string_view text =
        entry.value.type == YamlNode::Type::scalar ? trim(entry.value.text) : std::string_view();
    if (is_server_name(text)) {
        Relay relay{Relay::To::server, std::string(text), 0};
        relay.place = place_of(entry.value);
        return relay;
    }
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) {
        report_wrong_type(entry, relay_form, context.errors);
        return std::nullopt;
    }
    std::string_view host = text.substr(0, colon);
    const bool brackets = host.front() == '[';
    const auto address = wire::IpAddress::parse(host);
    if (!brackets && (host.find(':') != std::string_view::npos || wire::IpAddress::parse(text))) {
        context.errors.add(entry.value,
                           "an IPv6 address stands in brackets before its port, as in "
                           "`[2001:db8::5]:5432`, not " +
                               in_quotes(text));
        return std::nullopt;
    }
    if (brackets ? !address || address->is_v4() : !is_host_name(host)) {
        report_wrong_type(entry, relay_form, context.errors);
        return std::nullopt;
    }
    const std::string_view digits = text.substr(colon + 1);
    const auto port = parse_number(digits);
    if (!port || *port == 0 || *port > UINT16_MAX) {
        context.errors.add(entry.value,
                           "the port of `relay` is a whole number from 1 to 65535, "
                           "not " +
                               in_quotes(digits));
        return std::nullopt;
    }
    if (brackets) {
        host = host.substr(1, host.size() - 2);
    }
    return Relay{Relay::To::host, std::string(host), static_cast<std::uint16_t>(*port)};
}

std::optional<Service> read_exec(const Entry& entry, Context& context) {
    Relay relay{Relay::To::process, {}, 0};
    relay.place = place_of(entry.key);
    if (entry.value.type == YamlNode::Type::map) {
        read_keys(entry.value, exec_words, "key", " in `exec`", relay, context);
        if (find(entry.value, "command") == nullptr) {
            context.errors.add(entry.value, "`exec` needs a `command`, such as `[cat]`");
        }
    } else {
        relay.command = read_arguments(entry, context);
    }
    return relay.command.empty() ? std::nullopt : std::optional<Service>(std::move(relay));
}

void read_servers(const Entry& entry, std::vector<Server>& servers, Context& context) {
    if (!expect_type(entry, YamlNode::Type::map,
                     "a map of names, such as `{redis: {command: redis-server, port: 6379}}`",
                     context.errors)) {
        return;
    }
    for (const Entry& one : entry.value.entries) {
        if (!is_server_name(one.key.text)) {
            context.errors.add(one.key,
                               "a server has a host's name, such as `redis` or "
                               "`db.example`, not " +
                                   in_quotes(one.key.text));
            continue;
        }
        Server server;
        server.name = one.key.text;
        server.place = place_of(one.key);
        read_server(one, server, context);
        const auto same = std::find_if(servers.begin(), servers.end(), [&](const Server& known) {
            return known.name == server.name;
        });
        if (same != servers.end()) {
            *same = std::move(server);
        } else if (servers.size() == max_servers) {
            context.errors.add(one.key, "a profile has no more than 20 servers");
            return;
        } else {
            servers.push_back(std::move(server));
        }
    }
}

}  // namespace ghostpeer::profile
