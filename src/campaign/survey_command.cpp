#include "campaign/survey_command.hpp"

#include "campaign/campaign.hpp"
#include "campaign/results.hpp"
#include "event/exit_status.hpp"
#include "ghostpeer/profile/catalogue.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "posix/message.hpp"
#include "sweep/baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <utility>

namespace ghostpeer::campaign {
namespace {

constexpr std::size_t longest_list = 1024 * 1024;

/// A profile with values for its parameters.
struct Variant {
    std::string profile;
    std::string name;                  ///< with the values
    std::vector<std::string> options;  ///< `--set`
    bool same_answer = false;          ///< its service says what that of the baseline says
};
struct Program {
    std::string name;
    std::vector<std::string> command;
};

/// Says the same as the one of the baseline, and goes on living?
[[nodiscard]] bool answers_alike(const profile::Profile& one, const profile::Profile& healthy) {
    const auto* own = std::get_if<profile::Respond>(&one.service);
    const auto* model = std::get_if<profile::Respond>(&healthy.service);
    return own != nullptr && model != nullptr && own->content && model->content &&
           *own->content == *model->content && own->when == model->when &&
           one.role == healthy.role && one.attempts.empty();
}

class Surveyor {
  public:
    explicit Surveyor(const SurveyOptions& options) : options_(options) {}

    /// The profiles with all their values. The error, complete sentences, is for people.
    [[nodiscard]] tl::expected<std::vector<Variant>, std::string> find_variants();
    [[nodiscard]] tl::expected<std::vector<Program>, std::string> find_programs() const;
    /// With which nothing is the matter.
    [[nodiscard]] std::string subject() const {
        return options_.baseline.value_or(options_.port ? "healthy-client" : "healthy");
    }

  private:
    [[nodiscard]] profile::Role role() const {
        return options_.port ? profile::Role::client : profile::Role::server;
    }
    [[nodiscard]] std::vector<std::string> candidates() const;
    void add_variants(const std::string& name, const profile::Profile& loaded,
                      std::vector<Variant>& into);

    const SurveyOptions& options_;
    std::vector<std::string> used_;  ///< names of parameters that some profile declares
};

std::vector<std::string> Surveyor::candidates() const {
    std::vector<std::string> names = options_.profiles;
    if (!names.empty() && options_.tags.empty()) {
        return names;
    }
    for (const profile::Listing& listing : profile::list_catalogue()) {
        const bool fits =
            std::all_of(options_.tags.begin(), options_.tags.end(), [&](const std::string& tag) {
                return std::find(listing.tags.begin(), listing.tags.end(), tag) !=
                       listing.tags.end();
            });
        // Servers to build on say nothing of a program that speaks another protocol.
        const bool to_build_on =
            options_.tags.empty() &&
            std::find(listing.tags.begin(), listing.tags.end(), "protocol") != listing.tags.end();
        if (fits && !to_build_on) {
            names.emplace_back(listing.name);
        }
    }
    return names;
}

void Surveyor::add_variants(const std::string& name, const profile::Profile& loaded,
                            std::vector<Variant>& into) {
    const auto healthy = profile::load(subject());
    Variant plain;
    plain.profile = name;
    plain.name = name;
    plain.same_answer = healthy.profile && answers_alike(loaded, *healthy.profile);
    std::vector<Variant> variants{plain};
    for (const auto& [parameter, values] : options_.values) {
        if (!std::binary_search(loaded.parameters.begin(), loaded.parameters.end(), parameter)) {
            continue;
        }
        used_.push_back(parameter);
        std::vector<Variant> more;
        for (const Variant& variant : variants) {
            // Of nothing `run` says what is wrong with it; the profile must not get lost.
            std::istringstream list(values.empty() ? "," : values);
            for (std::string value; std::getline(list, value, ',');) {
                Variant one = variant;
                one.name += fmt::format(" {}={}", parameter, value);
                one.options.emplace_back("--set");
                one.options.push_back(fmt::format("{}={}", parameter, value));
                more.push_back(std::move(one));
            }
        }
        variants = std::move(more);
    }
    into.insert(into.end(), variants.begin(), variants.end());
}

tl::expected<std::vector<Variant>, std::string> Surveyor::find_variants() {
    std::vector<Variant> variants;
    for (const std::string& name : candidates()) {
        const bool asked_for = std::find(options_.profiles.begin(), options_.profiles.end(),
                                         name) != options_.profiles.end();
        const auto loaded = profile::load(name);
        if (!loaded.profile) {
            return tl::make_unexpected(profile::to_string(loaded.errors));
        }
        if (loaded.profile->role != role()) {
            if (asked_for) {
                return tl::make_unexpected(fmt::format(
                    "ghostpeer: {} is a {}; --port says where a COMMAND that is a server "
                    "listens.\n",
                    name, options_.port ? "server, as COMMAND is with --port" : "client"));
            }
            continue;
        }
        // Those that are no fault are what the others are compared with.
        if (asked_for || (name != "healthy" && name != "healthy-client")) {
            add_variants(name, *loaded.profile, variants);
        }
    }
    if (variants.empty()) {
        return tl::make_unexpected(
            std::string("ghostpeer: no profile of the catalogue fits; `ghostpeer list` shows their "
                        "tags.\n"));
    }
    for (const auto& [parameter, values] : options_.values) {
        if (std::find(used_.begin(), used_.end(), parameter) == used_.end()) {
            return tl::make_unexpected(
                fmt::format("ghostpeer: --set {}: none of the profiles declares it.\n", parameter));
        }
    }
    return variants;
}

tl::expected<std::vector<Program>, std::string> Surveyor::find_programs() const {
    if (!options_.programs) {
        return std::vector<Program>{{std::string(), options_.command}};
    }
    std::vector<Program> programs;
    std::istringstream list(sweep::read_text(*options_.programs, longest_list));
    std::size_t number = 0;
    for (std::string line; std::getline(list, line);) {
        ++number;
        const auto colon = line.find(": ");
        if (line.empty() || line.front() == '#') {
            continue;
        }
        if (colon == 0 || colon == std::string::npos ||
            line.find_first_not_of(' ', colon + 2) == std::string::npos) {
            return tl::make_unexpected(fmt::format("ghostpeer: {}:{}: a line is NAME: COMMAND.\n",
                                                   *options_.programs, number));
        }
        programs.push_back({line.substr(0, colon), {"sh", "-c", line.substr(colon + 2)}});
    }
    if (programs.empty()) {
        return tl::make_unexpected(fmt::format(
            "ghostpeer: --programs {}: the file cannot be read, or no program is in it.\n",
            *options_.programs));
    }
    return programs;
}

/// What the runs of a profile differ in, beside it: a seed, a kernel.
struct Dimension {
    std::string name;
    std::vector<std::string> options;
};

[[nodiscard]] std::vector<Dimension> dimensions(const SurveyOptions& options,
                                                const std::vector<std::string>& common) {
    std::vector<Dimension> kernels;
    for (const std::string& series : options.kernels) {
        kernels.push_back(
            {options.kernels.size() > 1 ? "Linux " + series : std::string(), {"--warp=" + series}});
    }
    if (kernels.empty()) {
        kernels.emplace_back();
    }
    std::vector<Dimension> all;
    for (const Dimension& kernel : kernels) {
        for (std::size_t seed = 1; seed <= std::max<std::size_t>(options.seeds, 1); ++seed) {
            Dimension one = kernel;
            std::vector<std::string> words = common;
            if (!kernel.options.empty()) {
                words.front() = kernel.options.front();  // in the place of the first kernel
            }
            if (options.seeds > 0) {
                one.name += fmt::format("{}seed {}", one.name.empty() ? "" : ", ", seed);
                const auto at = std::find(words.begin(), words.end(), "--seed");
                *(at + 1) = std::to_string(seed);
            }
            one.options = std::move(words);
            all.push_back(std::move(one));
        }
    }
    return all;
}

void add_cases(sweep::Plan& plan, const SurveyOptions& options,
               const std::vector<Variant>& variants, const std::vector<Program>& programs,
               const std::vector<Dimension>& kinds) {
    for (const Program& program : programs) {
        for (const Dimension& kind : kinds) {
            plan.columns.push_back(program.name.empty() || kind.name.empty()
                                       ? program.name + kind.name
                                       : program.name + ", " + kind.name);
        }
    }
    for (const Variant& variant : variants) {
        plan.rows.push_back(variant.name);
        std::size_t place = 0;
        for (std::size_t program = 0; program < programs.size(); ++program) {
            for (const Dimension& kind : kinds) {
                sweep::Case one;
                one.number = plan.cases.size() + 1;
                one.column = plan.columns[place];
                one.place = ++place;
                one.row = variant.name;
                one.profile = variant.profile;
                one.options = kind.options;
                one.options.insert(one.options.end(), variant.options.begin(),
                                   variant.options.end());
                one.peers = options.peers;
                one.command = programs[program].command;
                one.program = program;
                one.same_answer = variant.same_answer;
                plan.cases.push_back(std::move(one));
            }
        }
    }
}

/// What each program does when nothing is the matter. False: it has been said why not, and `status`
/// is the exit status.
[[nodiscard]] bool add_baselines(sweep::Plan& plan, const std::vector<Program>& programs,
                                 const std::vector<std::string>& common,
                                 const SurveyOptions& options, Campaign& campaign,
                                 const sweep::Folder& folder, int& status) {
    for (const Program& program : programs) {
        sweep::Case one;
        one.profile = plan.subject;
        one.options = common;
        one.peers = options.peers;
        one.command = program.command;
        one.program = plan.baselines.size();
        const auto evidence = campaign.run_baseline(plan, one, folder);
        if (!evidence) {
            complain("It was interrupted before anything was tried.");
            status = exit_signal_base + SIGINT;
            return false;
        }
        auto baseline = sweep::compare_ends(*evidence);
        if (!baseline) {
            complain(program.name.empty() ? baseline.error()
                                          : program.name + ": " + baseline.error());
            status = exit_cannot;
            return false;
        }
        for (const std::string& remark : baseline->remarks) {
            complain(remark);
        }
        plan.baselines.push_back(std::move(baseline->baseline));
    }
    return true;
}

}  // namespace

int survey_command(const SurveyOptions& options, const sandbox::Inheritance& inheritance,
                   const std::vector<std::string>& arguments, GuestRuns guest_runs) {
    if (!options.merge.empty()) {
        return merge_results(options);
    }
    Campaign campaign(options, inheritance, guest_runs);
    if (options.resume) {
        return resume_campaign(options, campaign, arguments);
    }
    Surveyor surveyor(options);
    const auto variants = surveyor.find_variants();
    const auto programs = surveyor.find_programs();
    if (!variants || !programs) {
        print_message(!variants ? variants.error() : programs.error());
        return exit_cannot;
    }
    const auto common = campaign.common_options();
    if (!common) {
        complain(common.error());
        return exit_cannot;
    }
    std::optional<warp::RunDirectory> scratch;
    const auto folder = make_folder(options, scratch);
    if (!folder) {
        complain(folder.error());
        return exit_cannot;
    }
    sweep::Plan plan;
    plan.kind = "survey";
    plan.subject = surveyor.subject();
    plan.command = options.command;
    plan.around = options.around;
    plan.around.folder = std::filesystem::current_path().string();
    plan.slow = to_seconds(options.slow);
    int status = exit_cannot;
    if (!add_baselines(plan, *programs, *common, options, campaign, *folder, status)) {
        return status;
    }
    add_cases(plan, options, *variants, *programs, dimensions(options, *common));
    return begin_campaign(options, campaign, plan, *folder, arguments);
}

}  // namespace ghostpeer::campaign
