#include "app/ctl_output.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace ghostpeer::app {
namespace {

using Json = nlohmann::ordered_json;
using Row = std::vector<std::string>;

[[nodiscard]] std::string table(const std::vector<Row>& rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::string text;
    for (const Row& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += fmt::format("{:<{}}  ", row[i], widths[i]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

[[nodiscard]] std::string plain(const Json& value) {
    return value.is_null() ? "-" : value.is_string() ? value.get<std::string>() : value.dump();
}

[[nodiscard]] bool is_set(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && *found == true;
}

}  // namespace

std::string peers_as_text(std::string_view json) {
    std::vector<Row> rows{{"peer", "addresses", "port", "profile", "attempts", "blackhole"}};
    const auto answer = Json::parse(json, nullptr, false);
    for (const Json& peer : answer.value("peers", Json::array())) {
        std::string addresses;
        for (const Json& address : peer["addresses"]) {
            addresses += (addresses.empty() ? "" : ",") + plain(address);
        }
        rows.push_back({plain(peer["name"]), addresses.empty() ? "all" : addresses,
                        peer["port"].is_null() ? "all" : plain(peer["port"]),
                        plain(peer["profile"]), plain(peer["attempts"]), plain(peer["blackhole"])});
    }
    return table(rows);
}

std::string connections_as_text(std::string_view json) {
    std::vector<Row> rows{
        {"conn", "peer", "program", "to", "attempt", "state", "in/out bytes", "profile", "is"}};
    for (const Json& one : Json::parse(json, nullptr, false)) {
        std::string is;
        for (const char* flag :
             {"blackholed_in", "blackholed_out", "reading_stopped", "acking_stopped"}) {
            if (is_set(one, flag)) {
                is += (is.empty() ? "" : ",") + std::string(flag);
            }
        }
        const bool over = one["state"] == "closed";
        rows.push_back({plain(one["id"]), plain(one["peer"]), plain(one["remote"]),
                        plain(one["local"]), plain(one["attempt"]),
                        plain(one["state"]) + (over ? " (" + plain(one["ending"]) + ")" : ""),
                        plain(one["bytes_in"]) + "/" + plain(one["bytes_out"]),
                        plain(one["profile"]), is});
    }
    return table(rows);
}

std::string stats_as_text(std::string_view json) {
    const auto answer = Json::parse(json, nullptr, false);
    std::vector<Row> rows;
    for (const auto& [name, value] : answer.items()) {
        if (value.is_object()) {
            for (const auto& [part, number] : value.items()) {
                rows.push_back({fmt::format("{} {}", name, part), plain(number)});
            }
        } else if (!value.is_array()) {
            rows.push_back({name, plain(value)});
        }
    }
    for (const Json& rule : answer.value("rules", Json::array())) {
        rows.push_back(
            {fmt::format("rule {}:{}", plain(rule["file"]), plain(rule["line"])),
             fmt::format("fired {}, withheld {}", plain(rule["fired"]), plain(rule["withheld"]))});
    }
    return rows.empty() ? std::string() : table(rows);
}

}  // namespace ghostpeer::app
