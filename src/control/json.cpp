#include "control/json.hpp"

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

}  // namespace

std::optional<Json> parse_json(std::string_view text) {
    bool too_deep = false;
    // The parser itself keeps its levels on the heap. What is refused is not built.
    auto value = Json::parse(
        text,
        [&too_deep](int depth, Json::parse_event_t event, const Json&) {
            using Event = Json::parse_event_t;
            const bool opens = event == Event::object_start || event == Event::array_start;
            too_deep = too_deep || (opens && depth >= most_levels);
            return !too_deep;
        },
        false);
    return too_deep || value.is_discarded() ? std::nullopt : std::optional(std::move(value));
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
    json["ending"] = peer::name(connection.ending);
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
