// The profile that a request asks for: a name, a path, or the profile itself.
#include "control/context.hpp"
#include "ghostpeer/profile/catalogue.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "http/status.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::control {
namespace {

constexpr const char* default_file = "inline.yaml";
constexpr std::size_t longest_file = 4'096;

[[nodiscard]] auto bad_body(const std::string& sentence) {
    return tl::make_unexpected(fail(http::status::bad_request, sentence));
}

[[nodiscard]] Json places_of(const std::vector<profile::Diagnostic>& found) {
    Json all = Json::array();
    for (const auto& one : found) {
        all.push_back({{"file", one.file},
                       {"line", one.line},
                       {"column", one.column},
                       {"message", one.message}});
    }
    return all;
}

}  // namespace

profile::LoadResult ProfileCache::load(const std::string& name,
                                       const profile::Parameters& parameters, bool fresh) {
    const bool named = !fresh && profile::is_of_catalogue(name);
    const auto key = std::pair(name, parameters);
    const std::lock_guard lock(mutex_);
    if (const auto known = named ? loaded_.find(key) : loaded_.end(); known != loaded_.end()) {
        return {known->second, {}};
    }
    auto result = profile::load(name, parameters, profile::Waiting::never);
    constexpr std::size_t most = 1'000;
    if (named && result.profile && loaded_.size() < most) {
        loaded_[key] = result.profile;
    }
    return result;
}

tl::expected<WantedProfile, http::Response> read_profile(const Json& body) {
    WantedProfile wanted;
    const auto text_of = [&](const char* key) {
        const auto found = body.find(key);
        return found != body.end() && found->is_string() ? found->get<std::string>()
                                                         : std::string();
    };
    const auto given = body.find("profile");
    const auto yaml = text_of("yaml");
    const bool whole = given != body.end() && given->is_object();
    wanted.name = text_of("profile");
    if (whole || !yaml.empty()) {
        if (whole ? !yaml.empty() : !wanted.name.empty()) {
            return bad_body("The body has `profile` or `yaml`, not both.");
        }
        wanted.text = whole ? dump(*given) : yaml;
        const auto file = text_of("file");
        wanted.name = file.empty() ? default_file : file;
        if (wanted.name.size() > longest_file) {
            return bad_body("`file` is too long.");
        }
    } else if (wanted.name.empty()) {
        return bad_body(
            R"(The body needs a profile: its name or path, {"profile": "refuse", "set": {}}, the )"
            R"(profile itself as an object, {"profile": {"rules": []}}, or its text, )"
            R"({"yaml": "rules: []"}.)");
    }
    if (const auto set = body.find("set"); set != body.end()) {
        if (!set->is_object()) {
            return bad_body("`set` is an object of parameters and their values.");
        }
        for (const auto& [parameter, value] : set->items()) {
            if (value.is_structured() || value.is_null()) {
                return bad_body(
                    fmt::format("The parameter \"{}\" is no text and no number.", parameter));
            }
            wanted.parameters[parameter] =
                value.is_string() ? value.get<std::string>() : value.dump();
        }
    }
    return wanted;
}

tl::expected<std::shared_ptr<const profile::Profile>, http::Response> load_profile(
    Context& context, const Call& call, const WantedProfile& wanted, bool fresh) {
    if (call.only_catalogue && (wanted.text || !profile::is_of_catalogue(wanted.name))) {
        return tl::make_unexpected(
            fail(http::status::unprocessable,
                 fmt::format("There is no profile \"{}\" in the catalogue. Over TCP only its "
                             "profiles can be used, no files and no texts; `ghostpeer list` shows "
                             "them.",
                             wanted.name)));
    }
    auto loaded = wanted.text ? profile::load_text(*wanted.text, wanted.name, wanted.parameters)
                              : context.profiles.load(wanted.name, wanted.parameters, fresh);
    if (!loaded.profile) {
        return tl::make_unexpected(
            answer({{"error", fmt::format("The profile {} has errors.", wanted.name)},
                    {"diagnostics", profile::to_string(loaded.errors)},
                    {"errors", places_of(loaded.errors)}},
                   http::status::unprocessable));
    }
    if (const auto problem = profile::relay_problem(*loaded.profile, context.relays)) {
        return tl::make_unexpected(fail(http::status::unprocessable, *problem));
    }
    return std::move(loaded.profile);
}

bool asks_outcomes(const profile::Profile& profile) {
    return std::any_of(profile.expect.begin(), profile.expect.end(), [](const auto& expectation) {
        return expectation.form == profile::Form::outcome;
    });
}

}  // namespace ghostpeer::control
