#include "sweep/plan.hpp"

#include "show/report_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace ghostpeer::sweep {
namespace {

using Json = nlohmann::ordered_json;

constexpr int plan_format = 3;

}  // namespace

void add_cases(Plan& plan, const std::vector<Position>& positions,
               const std::vector<Fault>& faults) {
    for (const Position& position : positions) {
        plan.columns.push_back(name(position));
    }
    for (const Fault& fault : faults) {
        plan.rows.push_back(fault.name);
        for (std::size_t at = 0; at < positions.size(); ++at) {
            auto rules = write_rules(fault, positions[at]);
            if (!rules) {
                // Bytes are for few faults; that they are not for others goes without saying.
                plan.impossible += positions[at].kind == Position::Kind::byte ? 0 : 1;
                continue;
            }
            Case one;
            one.number = plan.cases.size() + 1;
            one.place = at + 1;
            one.column = plan.columns[at];
            one.row = fault.name;
            one.rules = std::move(*rules);
            one.command = plan.command;
            plan.cases.push_back(std::move(one));
        }
    }
}

std::string profile_text(const Case& one, const std::string& extends) {
    return fmt::format("summary: {}\nextends: {}\n{}", show::in_quotes(one.row + ": " + one.column),
                       show::in_quotes(extends), one.rules);
}

std::string number_text(std::size_t number) { return fmt::format("{:04}", number); }

std::string to_json(const Plan& plan) {
    Json json;
    json["format"] = plan_format;
    json["kind"] = plan.kind;
    json["subject"] = plan.subject;
    json["slow"] = plan.slow;
    json["around"] = {{"folder", plan.around.folder},
                      {"setup", plan.around.setup},
                      {"teardown", plan.around.teardown},
                      {"copy", plan.around.copy}};
    json["command"] = plan.command;
    json["columns"] = plan.columns;
    json["rows"] = plan.rows;
    json["impossible"] = plan.impossible;
    json["baselines"] = Json::array();
    for (const Baseline& baseline : plan.baselines) {
        json["baselines"].push_back(
            {{"duration", baseline.duration},
             {"attempts", baseline.attempts},
             {"repeated", baseline.repeated},
             {"peer_dials", baseline.peer_dials},
             {"goes_on", baseline.goes_on},
             {"last_answer", baseline.last_answer ? Json(*baseline.last_answer) : Json()},
             {"unsteady", baseline.unsteady},
             {"unsteady_errors", baseline.unsteady_errors},
             {"errors_differ", baseline.errors_differ},
             {"left_behind", baseline.left_behind},
             {"left_open", baseline.left_open}});
    }
    json["runs"] = Json::array();
    for (const Case& one : plan.cases) {
        json["runs"].push_back({{"number", one.number},
                                {"row", one.row},
                                {"column", one.column},
                                {"place", one.place},
                                {"rules", one.rules},
                                {"profile", one.profile},
                                {"options", one.options},
                                {"peers", one.peers},
                                {"command", one.command},
                                {"program", one.program},
                                {"same_answer", one.same_answer}});
    }
    return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

bool same_runs(const Plan& one, const Plan& other) {
    return one.kind == other.kind && one.subject == other.subject && one.command == other.command &&
           one.columns == other.columns && one.rows == other.rows && one.cases == other.cases;
}

tl::expected<Plan, std::string> parse_plan(const std::string& text) {
    try {
        const Json json = Json::parse(text);
        if (json.at("format") != plan_format) {
            return tl::make_unexpected("it was made by another version of ghostpeer");
        }
        Plan plan;
        json.at("kind").get_to(plan.kind);
        json.at("subject").get_to(plan.subject);
        json.at("slow").get_to(plan.slow);
        const Json& around = json.at("around");
        around.at("folder").get_to(plan.around.folder);
        around.at("setup").get_to(plan.around.setup);
        around.at("teardown").get_to(plan.around.teardown);
        around.at("copy").get_to(plan.around.copy);
        json.at("command").get_to(plan.command);
        json.at("columns").get_to(plan.columns);
        json.at("rows").get_to(plan.rows);
        json.at("impossible").get_to(plan.impossible);
        for (const Json& told : json.at("baselines")) {
            Baseline& baseline = plan.baselines.emplace_back();
            told.at("duration").get_to(baseline.duration);
            told.at("attempts").get_to(baseline.attempts);
            told.at("repeated").get_to(baseline.repeated);
            told.at("peer_dials").get_to(baseline.peer_dials);
            told.at("goes_on").get_to(baseline.goes_on);
            if (const Json& answer = told.at("last_answer"); !answer.is_null()) {
                baseline.last_answer = answer.get<std::uint64_t>();
            }
            told.at("unsteady").get_to(baseline.unsteady);
            told.at("unsteady_errors").get_to(baseline.unsteady_errors);
            told.at("errors_differ").get_to(baseline.errors_differ);
            told.at("left_behind").get_to(baseline.left_behind);
            told.at("left_open").get_to(baseline.left_open);
        }
        for (const Json& run : json.at("runs")) {
            Case one;
            run.at("number").get_to(one.number);
            run.at("row").get_to(one.row);
            run.at("column").get_to(one.column);
            run.at("place").get_to(one.place);
            run.at("rules").get_to(one.rules);
            run.at("profile").get_to(one.profile);
            run.at("options").get_to(one.options);
            run.at("peers").get_to(one.peers);
            run.at("command").get_to(one.command);
            run.at("program").get_to(one.program);
            run.at("same_answer").get_to(one.same_answer);
            if (one.number != plan.cases.size() + 1 || one.program >= plan.baselines.size()) {
                return tl::make_unexpected("its runs are not in their order");
            }
            plan.cases.push_back(std::move(one));
        }
        return plan;
    } catch (const Json::exception&) {
        return tl::make_unexpected("it is no plan, or not the whole of one");
    }
}

}  // namespace ghostpeer::sweep
