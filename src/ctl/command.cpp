#include "ctl/command.hpp"

#include "control/query.hpp"
#include "ctl/line.hpp"
#include "ctl/output.hpp"
#include "ctl/words.hpp"
#include "event/exit_status.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "posix/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace ghostpeer::ctl {
namespace {

using namespace std::chrono_literals;
using control::Json;
using control::percent_encode;

constexpr std::size_t longest_event = std::size_t{1024} * 1024;
constexpr std::size_t most_connections = 1'000'000;

/// The words from `first` on, with spaces between them.
[[nodiscard]] std::string rest_of(const Request& request, std::size_t first) {
    std::string text;
    for (std::size_t i = first; i < request.words.size(); ++i) {
        text += (i == first ? "" : " ") + request.words[i];
    }
    return text;
}

[[nodiscard]] Answer shown(const Answer& answer, const Request& request,
                           std::string (*as_text)(const Json&)) {
    if (!answer) {
        return answer;
    }
    const auto json = read_answer(*answer);
    if (!json) {
        return no_ghostpeer();
    }
    return request.json ? lines_as_text(*answer) : as_text(*json);
}

[[nodiscard]] Answer peers(const Line& line, const Request& request) {
    if (auto wrong = need_words(request, 1, 1, "peers"); !wrong) {
        return wrong;
    }
    return shown(line.ask("GET", "/v1/peers"), request, peers_as_text);
}

[[nodiscard]] Answer connections(const Line& line, const Request& request) {
    if (auto wrong = need_words(request, 1, 1, "connections"); !wrong) {
        return wrong;
    }
    Json all = Json::array();
    if (request.connection) {
        auto answer = line.ask("GET", fmt::format("/v1/connections/{}", *request.connection));
        if (!answer) {
            return answer;
        }
        auto one = read_answer(*answer);
        if (!one) {
            return no_ghostpeer();
        }
        all.push_back(std::move(*one));
    }
    auto from = request.connection ? std::nullopt : std::optional(std::uint64_t{0});
    while (from) {
        auto answer = line.ask(
            "GET", fmt::format("/v1/connections?limit=256&from={}{}", *from,
                               request.peer ? "&peer=" + percent_encode(*request.peer) : ""));
        if (!answer) {
            return answer;
        }
        const auto page = read_answer(*answer);
        const auto found =
            page && page->is_object() ? page->find("connections") : Json::const_iterator();
        if (!page || !page->is_object() || found == page->end() || !found->is_array()) {
            return no_ghostpeer();
        }
        all.insert(all.end(), found->begin(), found->end());
        const auto next = page->find("next");
        const bool more = next != page->end() && next->is_number_unsigned();
        // The next page is one further on, so that there is a last one.
        if (all.size() > most_connections || (more && next->get<std::uint64_t>() <= *from)) {
            return no_ghostpeer();
        }
        from = more ? std::optional(next->get<std::uint64_t>()) : std::nullopt;
    }
    const auto id_of = [](const Json& one) {
        const auto id = one.is_object() ? one.find("id") : one.end();
        return one.is_object() && id != one.end() && id->is_number_unsigned()
                   ? id->get<std::uint64_t>()
                   : 0;
    };
    std::sort(all.begin(), all.end(),
              [&](const Json& a, const Json& b) { return id_of(a) < id_of(b); });
    return request.json ? lines_as_text(control::dump(all) + "\n") : connections_as_text(all);
}

/// `db uses refuse; 2 open connections keep the profile that they have`
[[nodiscard]] std::string describe_use(const Request& request, const std::string& profile,
                                       const Json& answer) {
    const auto count = [&](const char* key) {
        const auto found = answer.is_object() ? answer.find(key) : answer.end();
        return answer.is_object() && found != answer.end() && found->is_number_unsigned()
                   ? found->get<std::uint64_t>()
                   : 0;
    };
    std::string text = fmt::format("{} uses {}", request.words[1], profile);
    if (const auto reset = count("reset"); reset > 0) {
        text += fmt::format("; {} open connection{} reset", reset, reset == 1 ? " was" : "s were");
    }
    if (const auto keep = count("keep"); keep > 0) {
        text +=
            fmt::format("; {} open connection{} the profile {} (--reset ends {})", keep,
                        keep == 1 ? " keeps" : "s keep",
                        keep == 1 ? "that it has" : "that they have", keep == 1 ? "it" : "them");
    }
    return text + "\n";
}

[[nodiscard]] Answer use(const Line& line, const Request& request) {
    if (auto wrong = need_words(request, 3, 3, "use PEER PROFILE"); !wrong) {
        return wrong;
    }
    Json body = profile_of(request);
    body["reset"] = request.reset;
    auto answer =
        line.ask("PUT", "/v1/peers/" + percent_encode(request.words[1]) + "/profile", body.dump());
    if (!answer || request.json) {
        return answer ? lines_as_text(*answer) : answer;
    }
    const auto json = read_answer(*answer);
    return json ? Answer(describe_use(request, body["profile"].get<std::string>(), *json))
                : no_ghostpeer();
}

[[nodiscard]] Answer count_acted(Answer answer, const Request& request) {
    if (!answer) {
        return answer;
    }
    if (request.json) {
        return lines_as_text(*answer);
    }
    const auto json = read_answer(*answer);
    const auto found =
        json && json->is_object() ? json->find("connections") : Json::const_iterator();
    if (!json || !json->is_object() || found == json->end() || !found->is_number_unsigned()) {
        return no_ghostpeer();
    }
    const auto count = found->get<std::uint64_t>();
    return fmt::format("{} connection{}\n", count, count == 1 ? "" : "s");
}

[[nodiscard]] Answer fire(const Line& line, const Request& request) {
    if (auto wrong = need_words(request, 2, 2, "fire NAME"); !wrong) {
        return wrong;
    }
    return count_acted(line.ask("POST", "/v1/commands/" + percent_encode(request.words[1])),
                       request);
}

[[nodiscard]] Answer act(const Line& line, const Request& request) {
    Json what;
    if (request.words[0] == "do") {
        if (auto wrong = need_words(request, 2, SIZE_MAX, "do 'ACTIONS'"); !wrong) {
            return wrong;
        }
        what = rest_of(request, 1);
    } else if (request.words.size() == 1) {
        what = request.words[0];
    } else {
        what = Json{{request.words[0], rest_of(request, 1)}};
    }
    const std::string where = request.connection
                                  ? fmt::format("/v1/connections/{}", *request.connection)
                              : request.peer  ? "/v1/peers/" + percent_encode(*request.peer)
                              : request.scope ? "/v1/scopes/" + percent_encode(*request.scope)
                                              : std::string("/v1");
    return count_acted(line.ask("POST", where + "/actions", Json{{"do", what}}.dump()), request);
}

[[nodiscard]] Answer wait(const Line& line, const Request& request) {
    if (auto wrong = need_words(request, 2, SIZE_MAX, "wait CONDITION"); !wrong) {
        return wrong;
    }
    const std::string timeout = request.timeout.value_or("30s");
    const auto time = profile::parse_time(timeout);
    if (!time) {
        return trouble(fmt::format(
            "--timeout needs a time such as 250ms, 5s or 2m, but got \"{}\".", timeout));
    }
    std::string target = "/v1/wait?for=" + percent_encode(rest_of(request, 1)) +
                         "&timeout=" + percent_encode(timeout);
    if (request.since) {
        target += fmt::format("&since={}", *request.since);
    }
    auto answer =
        line.ask("GET", target, {},
                 std::chrono::duration_cast<std::chrono::milliseconds>(*time) + usual_patience);
    if (!answer) {
        return answer;
    }
    return request.json ? lines_as_text(*answer) : std::string();
}

[[nodiscard]] Answer stats(const Line& line, const Request& request) {
    if (auto wrong = need_words(request, 1, 1, "stats"); !wrong) {
        return wrong;
    }
    auto answer =
        request.reset ? line.ask("POST", "/v1/stats/reset") : line.ask("GET", "/v1/stats");
    return shown(answer, request, stats_as_text);
}

/// Prints them as they come.
[[nodiscard]] Answer events(const Line& line, const Request& request) {
    if (auto wrong = need_words(request, 1, 1, "events"); !wrong) {
        return wrong;
    }
    std::string pending;
    bool sound = true;
    const auto print = [&](std::string_view part) {
        pending += part;
        std::string lines;
        std::size_t begin = 0;
        for (auto end = pending.find('\n'); end != std::string::npos;
             end = pending.find('\n', begin)) {
            constexpr std::string_view data = "data: ";
            const auto one = std::string_view(pending).substr(begin, end - begin);
            if (one.starts_with(data)) {
                lines += lines_as_text(one.substr(data.size()));
                lines += '\n';
            }
            begin = end + 1;
        }
        pending.erase(0, begin);
        sound = pending.size() <= longest_event;
        return sound && (lines.empty() || print_output(lines));
    };
    const std::string target =
        request.since ? fmt::format("/v1/events?since={}", *request.since) : "/v1/events";
    const auto asked = line.listen(target, print);
    if (!asked) {
        return tl::make_unexpected(asked.error());
    }
    return sound ? Answer(std::string()) : no_ghostpeer();
}

[[nodiscard]] Answer perform(const Request& request) {
    const auto line = Line::open(request);
    if (!line) {
        return tl::make_unexpected(line.error());
    }
    const std::string& word = request.words[0];
    using Perform = Answer (*)(const Line&, const Request&);
    constexpr std::array<std::pair<std::string_view, Perform>, 16> words{
        {{"peers", peers},
         {"connections", connections},
         {"use", use},
         {"fire", fire},
         {"wait", wait},
         {"stats", stats},
         {"events", events},
         {"add", add},
         {"remove", remove},
         {"scope", scope},
         {"scopes", scopes},
         {"end", end},
         {"verdict", verdict},
         {"record", record},
         {"trace", trace},
         {"page", page}}};
    for (const auto& [name, function] : words) {
        if (word == name) {
            return function(*line, request);
        }
    }
    return act(*line, request);
}

}  // namespace

int command(const Request& request) {
    const Answer answer = perform(request);
    if (!answer) {
        if (!answer.error().sentence.empty()) {
            complain(answer.error().sentence);
        }
        return answer.error().status;
    }
    return print_output(*answer) ? exit_success : exit_cannot;
}

}  // namespace ghostpeer::ctl
