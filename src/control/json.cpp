#include "control/json.hpp"

#include <array>

namespace ghostpeer::control {
namespace {

[[nodiscard]] std::string_view name(profile::Direction direction) noexcept {
    switch (direction) {
        case profile::Direction::in: return "in";
        case profile::Direction::out: return "out";
        case profile::Direction::both: break;
    }
    return "both";
}

/// Goes through the text once. Where it is no JSON the count says nothing, and the parser will.
[[nodiscard]] bool is_within_limits(std::string_view text, std::size_t most_values) noexcept {
    struct Level {
        bool is_object = false;
        std::size_t members = 0;
    };
    std::array<Level, most_levels> levels{};
    std::size_t depth = 0;
    std::size_t values = 1;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            i += c == '\\' ? 1 : 0;
            in_string = c != '"';
            continue;
        }
        in_string = c == '"';
        if (c == '{' || c == '[') {
            if (depth == levels.size()) {
                return false;
            }
            levels[depth++] = {c == '{', 1};
        } else if (c == '}' || c == ']') {
            depth -= depth > 0 ? 1 : 0;
        } else if (c == ',' && depth > 0) {
            Level& level = levels[depth - 1];
            // Each member of an object is compared with those before it.
            if (++level.members > most_members && level.is_object) {
                return false;
            }
        }
        if ((c == '{' || c == '[' || c == ',') && ++values > most_values) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::optional<Json> parse_json(std::string_view text, std::size_t most_values) {
    // What is refused is not built.
    if (!is_within_limits(text, most_values)) {
        return std::nullopt;
    }
    auto value = Json::parse(text, nullptr, false);
    return value.is_discarded() ? std::nullopt : std::optional(std::move(value));
}

std::string dump(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

http::Response answer(const Json& value, int status) {
    http::Response response;
    response.status = status;
    response.body = dump(value) + "\n";
    return response;
}

http::Response fail(int status, const std::string& sentence) {
    return answer(Json{{"error", sentence}}, status);
}

Json to_json(const peer::PeerView& peer, const PeerNames& names) {
    Json json;
    json["name"] = names.of(peer.index);
    json["index"] = peer.index;
    json["addresses"] = Json::array();
    for (const auto& address : peer.addresses) {
        json["addresses"].push_back(address.to_string());
    }
    json["port"] = peer.port ? Json(*peer.port) : Json();
    json["profile"] = peer.profile->name;
    json["role"] = peer.profile->role == profile::Role::client ? "client" : "server";
    json["attempts"] = peer.attempts;
    json["blackhole"] = peer.blackhole ? Json(name(*peer.blackhole)) : Json();
    json["scope"] = peer.scope.empty() ? Json() : Json(peer.scope);
    return json;
}

Json to_json(const peer::ConnectionView& connection, const PeerNames& names) {
    Json json;
    json["id"] = connection.id;
    json["peer"] = connection.peer && names.visible(*connection.peer)
                       ? Json(names.of(*connection.peer))
                       : Json();
    json["local"] = connection.flow.local.to_string();
    json["remote"] = connection.flow.remote.to_string();
    json["attempt"] = connection.attempt;
    json["dialled"] = connection.dialled;
    json["profile"] = connection.profile->name;
    json["phase"] = std::string(connection.phase);
    json["state"] = tcp::name(connection.state);
    json["ending"] = event::name(connection.ending);
    json["start"] = to_seconds(connection.start);
    json["last_segment"] = to_seconds(connection.last_activity);
    json["bytes_in"] = connection.received;
    json["bytes_out"] = connection.sent;
    json["segments_in"] = connection.segments_in;
    json["segments_out"] = connection.segments_out;
    json["snd"] = {
        {"una", connection.snd_una}, {"nxt", connection.snd_nxt}, {"wnd", connection.snd_wnd}};
    json["rcv"] = {{"nxt", connection.rcv_nxt}, {"wnd", connection.rcv_wnd}};
    json["blackholed_in"] = connection.blackholed_in;
    json["blackholed_out"] = connection.blackholed_out;
    json["reading_stopped"] = connection.reading_stopped;
    json["acking_stopped"] = connection.acking_stopped;
    return json;
}

}  // namespace ghostpeer::control
