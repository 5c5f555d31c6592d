#include "app/ctl_command.hpp"

#include "app/ctl_output.hpp"
#include "app/message.hpp"
#include "control/listener.hpp"
#include "control/query.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "http/client.hpp"
#include "http/status.hpp"
#include "observe/exit_status.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <functional>

namespace ghostpeer::app {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;
using control::percent_encode;

constexpr std::chrono::milliseconds usual_patience = 15s;
constexpr std::chrono::milliseconds patience_with_events = 60s;

/// Why it cannot be done, a sentence, and the status to end with.
struct Trouble {
    std::string sentence;
    int status = exit_cannot;
};

/// An answer that was none of trouble.
using Answer = tl::expected<std::string, Trouble>;

[[nodiscard]] auto trouble(std::string sentence) {
    return tl::make_unexpected(Trouble{std::move(sentence), exit_cannot});
}

/// The other side of the exchange.
class Line {
  public:
    [[nodiscard]] static tl::expected<Line, Trouble> open(const CtlRequest& request) {
        const char* variable = std::getenv("GHOSTPEER_CONTROL");
        const std::string where =
            request.control.value_or(variable == nullptr ? std::string() : std::string(variable));
        if (where.empty()) {
            return trouble(
                "nothing says which ghostpeer is meant: GHOSTPEER_CONTROL is not set, as it is in "
                "COMMAND of `ghostpeer run`, and there is no --control ADDRESS.");
        }
        const auto address = control::parse_address(where);
        if (!address) {
            return trouble(address.error());
        }
        Line line;
        line.where_ = address->to_string();
        line.to_ = {address->path, address->host, address->port};
        if (address->is_tcp()) {
            const char* token = std::getenv("GHOSTPEER_CONTROL_TOKEN");
            line.token_ = token == nullptr ? "" : token;
        }
        if (request.token_file) {
            std::ifstream file(*request.token_file);
            if (!file || !std::getline(file, line.token_)) {
                return trouble(fmt::format("--control-token-file {}: it cannot be read.",
                                           *request.token_file));
            }
        }
        return line;
    }

    using Receive = std::function<bool(std::string_view)>;

    /// `receive` gets the body of a good answer as it comes.
    [[nodiscard]] tl::expected<void, Trouble> ask(const std::string& method,
                                                  const std::string& target,
                                                  const std::string& body,
                                                  std::chrono::milliseconds patience,
                                                  const Receive& receive) const {
        http::Exchange exchange;
        exchange.to = to_;
        exchange.request = {method, target, {}, body};
        exchange.patience = patience;
        if (!token_.empty()) {
            exchange.request.headers.emplace_back("Authorization", "Bearer " + token_);
        }
        std::string refusal;
        exchange.receive = [&](int status, std::string_view part) {
            if (status == http::status::ok) {
                return receive(part);
            }
            refusal += part;
            return true;
        };
        const auto status = http::exchange(exchange);
        if (!status) {
            return trouble(fmt::format(
                "the control interface at {} does not answer: {}. It is there as long as its run.",
                where_, status.error()));
        }
        if (*status != http::status::ok) {
            return tl::make_unexpected(
                Trouble{explain(refusal, *status),
                        *status == http::status::timed_out ? exit_timeout : exit_cannot});
        }
        return {};
    }

    [[nodiscard]] Answer ask(const std::string& method, const std::string& target,
                             const std::string& body = {},
                             std::chrono::milliseconds patience = usual_patience) const {
        std::string text;
        const auto asked = ask(method, target, body, patience, [&](std::string_view part) {
            text += part;
            return true;
        });
        return asked ? Answer(text) : tl::make_unexpected(asked.error());
    }

  private:
    [[nodiscard]] std::string explain(const std::string& body, int status) const {
        const auto json = Json::parse(body, nullptr, false);
        if (!json.is_object() || !json.contains("error")) {
            return fmt::format("{} answered with status {} and no explanation; is it a ghostpeer?",
                               where_, status);
        }
        std::string text = json["error"].is_string() ? json["error"].get<std::string>() : body;
        if (const auto found = json.find("diagnostics");
            found != json.end() && found->is_string() &&
            !found->get<std::string>().starts_with("control:")) {
            text += "\n" + found->get<std::string>();
            text.erase(text.find_last_not_of('\n') + 1);
        }
        return text;
    }

    http::Place to_;
    std::string where_;
    std::string token_;
};

/// The words from `first` on, with spaces between them.
[[nodiscard]] std::string rest_of(const CtlRequest& request, std::size_t first) {
    std::string text;
    for (std::size_t i = first; i < request.words.size(); ++i) {
        text += (i == first ? "" : " ") + request.words[i];
    }
    return text;
}

[[nodiscard]] Answer need_words(const CtlRequest& request, std::size_t least, std::size_t most,
                                const char* usage) {
    if (request.words.size() < least || request.words.size() > most) {
        return trouble(fmt::format("it is `ghostpeer ctl {}`; see `ghostpeer ctl --help`.", usage));
    }
    return {};
}

[[nodiscard]] Answer peers(const Line& line, const CtlRequest& request) {
    if (auto wrong = need_words(request, 1, 1, "peers"); !wrong) {
        return wrong;
    }
    auto answer = line.ask("GET", "/v1/peers");
    return answer && !request.json ? Answer(peers_as_text(*answer)) : answer;
}

[[nodiscard]] Answer connections(const Line& line, const CtlRequest& request) {
    if (auto wrong = need_words(request, 1, 1, "connections"); !wrong) {
        return wrong;
    }
    Json all = Json::array();
    if (request.connection) {
        auto answer = line.ask("GET", fmt::format("/v1/connections/{}", *request.connection));
        if (!answer) {
            return answer;
        }
        all.push_back(Json::parse(*answer, nullptr, false));
    }
    std::string from = request.connection ? "" : "0";
    while (!from.empty()) {
        auto answer = line.ask(
            "GET", fmt::format("/v1/connections?limit=256&from={}{}", from,
                               request.peer ? "&peer=" + percent_encode(*request.peer) : ""));
        if (!answer) {
            return answer;
        }
        const auto page = Json::parse(*answer, nullptr, false);
        if (!page.is_object() || !page.contains("connections") || !page.contains("next")) {
            return trouble("the answer is none of a ghostpeer's.");
        }
        all.insert(all.end(), page["connections"].begin(), page["connections"].end());
        from = page["next"].is_null() ? "" : page["next"].dump();
    }
    std::sort(all.begin(), all.end(), [](const Json& a, const Json& b) {
        return a.value("id", std::uint64_t{0}) < b.value("id", std::uint64_t{0});
    });
    return request.json ? all.dump() + "\n" : connections_as_text(all.dump());
}

[[nodiscard]] Answer use(const Line& line, const CtlRequest& request) {
    if (auto wrong = need_words(request, 3, 3, "use PEER PROFILE"); !wrong) {
        return wrong;
    }
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
    auto answer = line.ask("PUT", "/v1/peers/" + percent_encode(request.words[1]) + "/profile",
                           Json{{"profile", profile}, {"set", set}}.dump());
    return answer && !request.json ? Answer(fmt::format("{} uses {}\n", request.words[1], profile))
                                   : answer;
}

[[nodiscard]] Answer count_acted(Answer answer, const CtlRequest& request) {
    if (!answer || request.json) {
        return answer;
    }
    const auto count = Json::parse(*answer, nullptr, false).value("connections", std::uint64_t{0});
    return fmt::format("{} connection{}\n", count, count == 1 ? "" : "s");
}

[[nodiscard]] Answer fire(const Line& line, const CtlRequest& request) {
    if (auto wrong = need_words(request, 2, 2, "fire NAME"); !wrong) {
        return wrong;
    }
    return count_acted(line.ask("POST", "/v1/commands/" + percent_encode(request.words[1])),
                       request);
}

[[nodiscard]] Answer act(const Line& line, const CtlRequest& request) {
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
                              : request.peer ? "/v1/peers/" + percent_encode(*request.peer)
                                             : std::string("/v1");
    return count_acted(line.ask("POST", where + "/actions", Json{{"do", what}}.dump()), request);
}

[[nodiscard]] Answer wait(const Line& line, const CtlRequest& request) {
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
    return answer && !request.json ? Answer(std::string()) : answer;
}

[[nodiscard]] Answer stats(const Line& line, const CtlRequest& request) {
    if (auto wrong = need_words(request, 1, 1, "stats"); !wrong) {
        return wrong;
    }
    auto answer =
        request.reset ? line.ask("POST", "/v1/stats/reset") : line.ask("GET", "/v1/stats");
    return answer && !request.json ? Answer(stats_as_text(*answer)) : answer;
}

/// Prints them as they come.
[[nodiscard]] Answer events(const Line& line, const CtlRequest& request) {
    if (auto wrong = need_words(request, 1, 1, "events"); !wrong) {
        return wrong;
    }
    std::string pending;
    const auto print = [&](std::string_view part) {
        pending += part;
        std::string lines;
        std::size_t begin = 0;
        for (auto end = pending.find('\n'); end != std::string::npos;
             end = pending.find('\n', begin)) {
            constexpr std::string_view data = "data: ";
            const auto one = std::string_view(pending).substr(begin, end - begin);
            if (one.starts_with(data)) {
                lines += one.substr(data.size());
                lines += '\n';
            }
            begin = end + 1;
        }
        pending.erase(0, begin);
        return lines.empty() || print_output(lines);
    };
    const std::string target =
        request.since ? fmt::format("/v1/events?since={}", *request.since) : "/v1/events";
    const auto asked = line.ask("GET", target, {}, patience_with_events, print);
    return asked ? Answer(std::string()) : tl::make_unexpected(asked.error());
}

[[nodiscard]] Answer perform(const CtlRequest& request) {
    const auto line = Line::open(request);
    if (!line) {
        return tl::make_unexpected(line.error());
    }
    const std::string& word = request.words[0];
    using Perform = Answer (*)(const Line&, const CtlRequest&);
    constexpr std::array<std::pair<std::string_view, Perform>, 7> words{
        {{"peers", peers},
         {"connections", connections},
         {"use", use},
         {"fire", fire},
         {"wait", wait},
         {"stats", stats},
         {"events", events}}};
    for (const auto& [name, function] : words) {
        if (word == name) {
            return function(*line, request);
        }
    }
    return act(*line, request);
}

}  // namespace

int ctl_command(const CtlRequest& request) {
    const Answer answer = perform(request);
    if (!answer) {
        complain(answer.error().sentence);
        return answer.error().status;
    }
    return print_output(*answer) ? exit_success : exit_cannot;
}

}  // namespace ghostpeer::app
