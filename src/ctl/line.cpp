#include "ctl/line.hpp"

#include "control/listener.hpp"
#include "control/query.hpp"
#include "ctl/output.hpp"
#include "http/status.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

namespace ghostpeer::ctl {
namespace {

using control::Json;

constexpr std::chrono::milliseconds patience_with_events = std::chrono::seconds(60);
constexpr std::size_t longest_answer = std::size_t{128} * 1024 * 1024;

}  // namespace

tl::expected<Line, Trouble> Line::open(const Request& request) {
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
            return trouble(
                fmt::format("--control-token-file {}: it cannot be read.", *request.token_file));
        }
    }
    return line;
}

tl::expected<void, Trouble> Line::ask(const http::Request& request,
                                      std::chrono::milliseconds patience, Instant until,
                                      const Receive& receive) const {
    http::Exchange exchange;
    exchange.to = to_;
    exchange.request = request;
    exchange.patience = patience;
    exchange.now = [this] { return clock_.now(); };
    exchange.until = until;
    if (!token_.empty()) {
        exchange.request.headers.emplace_back("Authorization", "Bearer " + token_);
    }
    std::string refusal;
    exchange.receive = [&](int status, std::string_view part) {
        if (status == http::status::ok) {
            return receive(part);
        }
        refusal += part;
        return refusal.size() <= longest_answer;
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

Answer Line::ask(const std::string& method, const std::string& target, const std::string& body,
                 std::chrono::milliseconds patience) const {
    std::string text;
    const auto asked = ask({method, target, {}, body}, patience, clock_.now() + patience,
                           [&](std::string_view part) {
                               text += part;
                               return text.size() <= longest_answer;
                           });
    if (!asked) {
        return tl::make_unexpected(asked.error());
    }
    return text.size() <= longest_answer ? Answer(text) : no_ghostpeer();
}

tl::expected<void, Trouble> Line::listen(const std::string& target, const Receive& receive) const {
    return ask({"GET", target, {}, {}}, patience_with_events, Instant::max(), receive);
}

std::string Line::explain(const std::string& body, int status) const {
    const auto answer = read_answer(body);
    const Json json = answer ? *answer : Json();
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
    return lines_as_text(text);
}

}  // namespace ghostpeer::ctl
