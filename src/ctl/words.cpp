#include "ctl/words.hpp"

#include "control/query.hpp"
#include "ctl/output.hpp"
#include "ghostpeer/wire/address.hpp"
#include "posix/message.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <string>

namespace ghostpeer::ctl {
namespace {

using control::Json;
using control::percent_encode;

/// A text among the members of an answer; empty: there is none.
[[nodiscard]] std::string text_of(const Json& answer, const char* key) {
    const auto found = answer.is_object() ? answer.find(key) : answer.end();
    return answer.is_object() && found != answer.end() && found->is_string()
               ? found->get<std::string>()
               : std::string();
}

[[nodiscard]] std::string path_of(const Request& request, const char* what = "") {
    return "/v1/scopes/" + percent_encode(request.words[1]) + what;
}

/// `db:5432`, `:5432`, `:`, `192.0.2.1`, `[2001:db8::1]:80`: where the new peer is to be.
[[nodiscard]] Json place_of(const std::string& text) {
    Json place = Json::object();
    std::string host = text;
    if (!wire::IpAddress::parse(host)) {
        const auto colon = text.rfind(':');
        const auto port = colon == std::string::npos
                              ? std::nullopt
                              : control::parse_number(text.substr(colon + 1));
        if (port) {
            place["port"] = *port;
            host = text.substr(0, colon);
        }
        if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
            host = host.substr(1, host.size() - 2);
        }
    }
    if (wire::IpAddress::parse(host)) {
        place["address"] = host;
    } else if (!host.empty() && host != ":") {
        place["name"] = host;
    }
    return place;
}

/// The verdict of an answer, printed where it passes.
[[nodiscard]] Answer judged(const Answer& answer, const Request& request) {
    if (!answer) {
        return answer;
    }
    const auto json = read_answer(*answer);
    if (!json || !json->is_object() || !json->contains("pass")) {
        return no_ghostpeer();
    }
    const std::string text =
        lines_as_text(request.json ? std::string_view(*answer) : text_of(*json, "text"));
    if ((*json)["pass"] == true) {
        return text;
    }
    if (!print_output(text)) {
        return trouble("standard output is closed.");
    }
    return tl::make_unexpected(Trouble{{}, exit_verdict_failed});
}

[[nodiscard]] Answer shown_as(const Line& line, const Request& request, const char* what,
                              const char* usage) {
    if (auto wrong = need_words(request, 2, 2, usage); !wrong) {
        return wrong;
    }
    return line.ask("GET", path_of(request, what));
}

}  // namespace

Answer need_words(const Request& request, std::size_t least, std::size_t most, const char* usage) {
    if (request.words.size() < least || request.words.size() > most) {
        return trouble(fmt::format("it is `ghostpeer ctl {}`; see `ghostpeer ctl --help`.", usage));
    }
    return {};
}

Json profile_of(const Request& request) {
    Json set = Json::object();
    for (const auto& [name, value] : request.parameters) {
        set[name] = value;
    }
    std::string profile = request.words[2];
    if (profile.find('/') != std::string::npos || profile.ends_with(".yaml") ||
        profile.ends_with(".yml")) {
        // The other side has a folder of its own.
        if (char* const path = ::realpath(profile.c_str(), nullptr)) {
            profile = path;
            std::free(path);
        }
    }
    return Json{{"profile", profile}, {"set", set}};
}

Answer add(const Line& line, const Request& request) {
    if (auto wrong = need_words(request, 3, 3, "add [NAME|ADDR][:PORT] PROFILE"); !wrong) {
        return wrong;
    }
    Json body = profile_of(request);
    body.update(place_of(request.words[1]));
    if (request.scope) {
        body["scope"] = *request.scope;
    }
    auto answer = line.ask("POST", "/v1/peers", body.dump());
    if (!answer || request.json) {
        return answer ? lines_as_text(*answer) : answer;
    }
    const auto json = read_answer(*answer);
    return json && !text_of(*json, "name").empty()
               ? Answer(lines_as_text(text_of(*json, "name")) + "\n")
               : no_ghostpeer();
}

Answer remove(const Line& line, const Request& request) {
    if (auto wrong = need_words(request, 2, 2, "remove PEER"); !wrong) {
        return wrong;
    }
    auto answer = line.ask("DELETE", "/v1/peers/" + percent_encode(request.words[1]));
    return !answer ? answer : request.json ? lines_as_text(*answer) : std::string();
}

Answer scope(const Line& line, const Request& request) {
    if (auto wrong = need_words(request, 2, 2, "scope NAME"); !wrong) {
        return wrong;
    }
    auto answer = line.ask("POST", "/v1/scopes", Json{{"name", request.words[1]}}.dump());
    return !answer ? answer : request.json ? lines_as_text(*answer) : std::string();
}

Answer scopes(const Line& line, const Request& request) {
    if (auto wrong = need_words(request, 1, 1, "scopes"); !wrong) {
        return wrong;
    }
    auto answer = line.ask("GET", "/v1/scopes");
    if (!answer || request.json) {
        return answer ? lines_as_text(*answer) : answer;
    }
    const auto json = read_answer(*answer);
    return json ? Answer(scopes_as_text(*json)) : no_ghostpeer();
}

Answer end(const Line& line, const Request& request) {
    if (auto wrong = need_words(request, 2, 2, "end SCOPE"); !wrong) {
        return wrong;
    }
    return judged(line.ask("DELETE", path_of(request)), request);
}

Answer verdict(const Line& line, const Request& request) {
    return judged(shown_as(line, request, "/verdict", "verdict SCOPE"), request);
}

Answer record(const Line& line, const Request& request) {
    auto answer = shown_as(line, request, "/record", "record SCOPE");
    return answer ? lines_as_text(*answer) : answer;
}

Answer trace(const Line& line, const Request& request) {
    auto answer = shown_as(line, request, "/trace", "trace SCOPE");
    return answer ? lines_as_text(*answer) : answer;
}

Answer page(const Line& line, const Request& request) {
    return shown_as(line, request, "/page", "page SCOPE");
}

}  // namespace ghostpeer::ctl
