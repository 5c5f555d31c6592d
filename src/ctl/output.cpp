#include "ctl/output.hpp"

#include "event/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace ghostpeer::ctl {
namespace {

using control::Json;
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

/// A member, or null: the answer may be anybody's.
[[nodiscard]] const Json& member(const Json& object, const char* key) {
    static const Json nothing;
    const auto found = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && found != object.end() ? *found : nothing;
}

[[nodiscard]] std::string plain(const Json& value) {
    return value.is_null()     ? "-"
           : value.is_string() ? event::printable(value.get_ref<const std::string&>())
                               : event::printable(control::dump(value));
}

[[nodiscard]] std::string plain(const Json& object, const char* key) {
    return plain(member(object, key));
}

/// What is no list has no items.
[[nodiscard]] const Json& list(const Json& value) {
    static const Json none = Json::array();
    return value.is_array() ? value : none;
}

[[nodiscard]] bool is_set(const Json& object, const char* key) {
    return member(object, key) == true;
}

}  // namespace

std::optional<Json> read_answer(std::string_view text) {
    constexpr std::size_t most_values = 4'000'000;
    return control::parse_json(text, most_values);
}

std::string peers_as_text(const Json& answer) {
    std::vector<Row> rows{{"peer", "addresses", "port", "profile", "attempts", "blackhole"}};
    for (const Json& peer : list(member(answer, "peers"))) {
        std::string addresses;
        for (const Json& address : list(member(peer, "addresses"))) {
            addresses += (addresses.empty() ? "" : ",") + plain(address);
        }
        rows.push_back({plain(peer, "name"), addresses.empty() ? "all" : addresses,
                        member(peer, "port").is_null() ? "all" : plain(peer, "port"),
                        plain(peer, "profile"), plain(peer, "attempts"), plain(peer, "blackhole")});
    }
    return table(rows);
}

std::string scopes_as_text(const Json& answer) {
    std::vector<Row> rows{{"scope", "begun", "connections", "peers"}};
    for (const Json& scope : list(member(answer, "scopes"))) {
        std::string peers;
        for (const Json& peer : list(member(scope, "peers"))) {
            peers += (peers.empty() ? "" : ",") + plain(peer);
        }
        rows.push_back({plain(scope, "name"), plain(scope, "begun"), plain(scope, "connections"),
                        peers.empty() ? "-" : peers});
    }
    return table(rows);
}

std::string connections_as_text(const Json& connections) {
    std::vector<Row> rows{
        {"conn", "peer", "program", "to", "attempt", "state", "in/out bytes", "profile", "is"}};
    for (const Json& one : list(connections)) {
        std::string is;
        for (const char* flag :
             {"blackholed_in", "blackholed_out", "reading_stopped", "acking_stopped"}) {
            if (is_set(one, flag)) {
                is += (is.empty() ? "" : ",") + std::string(flag);
            }
        }
        const bool over = member(one, "state") == "closed";
        rows.push_back({plain(one, "id"), plain(one, "peer"), plain(one, "remote"),
                        plain(one, "local"), plain(one, "attempt"),
                        plain(one, "state") + (over ? " (" + plain(one, "ending") + ")" : ""),
                        plain(one, "bytes_in") + "/" + plain(one, "bytes_out"),
                        plain(one, "profile"), is});
    }
    return table(rows);
}

std::string stats_as_text(const Json& answer) {
    std::vector<Row> rows;
    for (const auto& [name, value] : answer.items()) {
        if (value.is_object()) {
            for (const auto& [part, number] : value.items()) {
                rows.push_back({event::printable(fmt::format("{} {}", name, part)), plain(number)});
            }
        } else if (!value.is_array()) {
            rows.push_back({event::printable(name), plain(value)});
        }
    }
    for (const Json& rule : list(member(answer, "rules"))) {
        rows.push_back(
            {fmt::format("rule {}:{}", plain(rule, "file"), plain(rule, "line")),
             fmt::format("fired {}, withheld {}", plain(rule, "fired"), plain(rule, "withheld"))});
    }
    return rows.empty() ? std::string() : table(rows);
}

std::string lines_as_text(std::string_view text) {
    std::string shown;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        shown += event::printable(text.substr(0, end));
        if (end < text.size()) {
            shown += '\n';
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return shown;
}

}  // namespace ghostpeer::ctl
