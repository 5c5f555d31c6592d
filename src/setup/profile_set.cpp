#include "setup/profile_set.hpp"

#include "ghostpeer/profile/diagnostic.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ghostpeer::setup {
namespace {

void add_commands(const profile::Profile& profile, std::set<std::string>& names) {
    if (!profile.client.on.empty()) {
        names.insert(profile.client.on);
    }
    for (const profile::Rule& rule : profile.rules) {
        for (const profile::Event& event : rule.on) {
            if (const auto* command = std::get_if<profile::OnCommand>(&event)) {
                names.insert(command->name);
            }
        }
    }
    for (const auto& attempt : profile.attempts) {
        add_commands(*attempt.profile, names);
    }
}

}  // namespace

ProfileSet::ProfileSet(const std::vector<Assignment>& parameters, bool several,
                       profile::Waiting waiting)
    : several_(several), waiting_(waiting) {
    for (const auto& [name, value] : parameters) {
        parameters_[name] = value;
        undeclared_.insert(name);
    }
}

std::shared_ptr<const profile::Profile> ProfileSet::load(const std::string& name) {
    return load_by(name, [&](const profile::Parameters& parameters) {
        return profile::load(name, parameters, waiting_);
    });
}

std::shared_ptr<const profile::Profile> ProfileSet::load_text(const std::string& text,
                                                              const std::string& name) {
    return load_by(name, [&](const profile::Parameters& parameters) {
        return profile::load_text(text, name, parameters);
    });
}

std::shared_ptr<const profile::Profile> ProfileSet::load_by(const std::string& name,
                                                            const Load& load) {
    if (const auto known = loaded_.find(name); known != loaded_.end()) {
        return known->second;
    }
    profile::Parameters mine = parameters_;
    if (several_) {
        const auto bare = load({});
        if (bare.profile) {
            std::erase_if(mine, [&](const auto& parameter) {
                const auto& declared = bare.profile->parameters;
                return std::find(declared.begin(), declared.end(), parameter.first) ==
                       declared.end();
            });
        }
    }
    for (const auto& [parameter, value] : mine) {
        undeclared_.erase(parameter);
        declared_by_[parameter].push_back(name);
    }
    auto result = load(mine);
    if (!result.profile) {
        errors_ += profile::to_string(result.errors);
    }
    loaded_[name] = result.profile;
    return result.profile;
}

std::string ProfileSet::errors() const {
    if (!errors_.empty() || undeclared_.empty()) {
        return errors_;
    }
    return fmt::format("ghostpeer: --set {}: no profile of this run declares such a parameter.\n",
                       *undeclared_.begin());
}

std::string ProfileSet::unknown_command(const std::vector<Fire>& fires) const {
    std::set<std::string> names;
    for (const auto& [name, profile] : loaded_) {
        if (profile) {
            add_commands(*profile, names);
        }
    }
    for (const Fire& fire : fires) {
        if (names.contains(fire.command)) {
            continue;
        }
        const std::string near = profile::nearest_word(fire.command, {names.begin(), names.end()});
        const std::string known = names.empty() ? "none of its rules waits for a command"
                                  : near.empty()
                                      ? fmt::format("there are {}", fmt::join(names, ", "))
                                      : fmt::format("did you mean `{}`?", near);
        return fmt::format(
            "ghostpeer: --fire {}: no profile of this run has a rule `on: command {}`; {}{}\n",
            fire.command, fire.command, known, near.empty() ? "." : "");
    }
    return {};
}

std::vector<std::string> ProfileSet::remarks() const {
    std::vector<std::string> sentences;
    for (const auto& [name, profile] : loaded_) {
        if (profile) {
            for (const std::string& remark : profile->remarks) {
                sentences.push_back(fmt::format("{}: {}", name, remark));
            }
        }
    }
    for (const auto& [parameter, profiles] : declared_by_) {
        if (profiles.size() > 1) {
            sentences.push_back(
                fmt::format("--set {}={} holds for each profile of this run that declares it: {}.",
                            parameter, parameters_.at(parameter), fmt::join(profiles, ", ")));
        }
    }
    return sentences;
}

}  // namespace ghostpeer::setup
