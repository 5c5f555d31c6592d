#include "cli/catalogue_commands.hpp"

#include "event/exit_status.hpp"
#include "ghostpeer/profile/catalogue.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "help/completion.hpp"
#include "help/layout.hpp"
#include "help/search.hpp"
#include "posix/message.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ghostpeer::cli {
namespace {

/// Why there is no such tag; empty: there is.
[[nodiscard]] std::string refuse_tag(const std::string& wanted) {
    std::vector<std::string> known;
    for (const auto& tag : profile::tags()) {
        if (tag.name == wanted) {
            return {};
        }
        known.emplace_back(tag.name);
    }
    if (const auto near = profile::nearest_word(wanted, known); !near.empty()) {
        return fmt::format("There is no tag `{}`; did you mean `{}`?", wanted, near);
    }
    return fmt::format("There is no tag `{}`; known are {}.", wanted, fmt::join(known, ", "));
}

/// That no profile has all the words.
[[nodiscard]] std::string nothing_about(const std::vector<std::string>& words) {
    auto known = help::synonyms();
    for (const auto& tag : profile::tags()) {
        known.emplace_back(tag.name);
    }
    const auto near = words.size() == 1 ? profile::nearest_word(words.front(), known) : "";
    return fmt::format(
        "No profile is about {}{}", fmt::join(words, " and "),
        near.empty() ? "; `ghostpeer list` shows all." : fmt::format("; did you mean `{}`?", near));
}

[[nodiscard]] std::string as_json(const std::vector<profile::Listing>& listings) {
    auto array = nlohmann::ordered_json::array();
    for (const auto& listing : listings) {
        auto& object = array.emplace_back();
        object["name"] = listing.name;
        object["summary"] = listing.summary;
        object["tags"] = listing.tags;
        object["params"] = nlohmann::ordered_json::object();
        for (const auto& [name, value] : listing.parameters) {
            object["params"][name] = value;
        }
    }
    constexpr int indent = 2;
    return array.dump(indent) + "\n";
}

/// A paragraph for each tag that is some profile's first.
[[nodiscard]] std::string as_text(const std::vector<profile::Listing>& listings) {
    std::size_t width = 0;
    for (const auto& listing : listings) {
        width = std::max(width, listing.name.size());
    }
    const auto columns = help::terminal_width();
    std::string text;
    const auto add = [&](std::string_view first_tag, const std::string& title) {
        bool begun = false;
        for (const auto& listing : listings) {
            if (listing.tags.empty() ? !first_tag.empty() : listing.tags.front() != first_tag) {
                continue;
            }
            if (!begun) {
                text += (text.empty() ? "" : "\n") + title + "\n";
                begun = true;
            }
            text += fmt::format("  {:<{}}  {}\n", listing.name, width,
                                help::fold(listing.summary, width + 4, width + 4, columns));
        }
    };
    for (const auto& tag : profile::tags()) {
        add(tag.name, fmt::format("{}: {}", tag.name, tag.title));
    }
    add("", "without a tag");
    return text;
}

}  // namespace

int print_text(std::string_view text) {
    // `ghostpeer list | head -1` is no failure.
    if (print_output(text) || errno == EPIPE) {
        return exit_success;
    }
    complain(fmt::format("standard output could not be written: {}.", std::strerror(errno)));
    return exit_cannot;
}

int list_command(const ListRequest& request) {
    using profile::Listing;
    for (const std::string& wanted : request.tags) {
        if (const auto problem = refuse_tag(wanted); !problem.empty()) {
            complain(problem);
            return exit_cannot;
        }
    }
    auto listings = profile::list_catalogue();
    std::erase_if(listings, [&](const Listing& listing) {
        return !std::all_of(request.tags.begin(), request.tags.end(), [&](const auto& tag) {
            return std::find(listing.tags.begin(), listing.tags.end(), tag) != listing.tags.end();
        });
    });
    listings = help::search(std::move(listings), request.words);
    if (listings.empty() && !request.json && !request.words.empty()) {
        complain(nothing_about(request.words));
        return exit_cannot;
    }
    return print_text(request.json ? as_json(listings) : as_text(listings));
}

int show_command(const ShowRequest& request) {
    if (const auto source = profile::read_source(request.profile)) {
        return print_text(*source);
    }
    if (refuse_tag(request.profile).empty()) {
        return list_command({{}, {request.profile}, false});
    }
    // Loading it again says what is wrong, nearest name included.
    print_message(profile::to_string(profile::load(request.profile).errors));
    return exit_cannot;
}

int check_command(const CheckRequest& request) {
    profile::Parameters parameters(request.parameters.begin(), request.parameters.end());
    std::size_t bad = 0;
    std::string text;
    for (const std::string& name : request.profiles) {
        const auto result = profile::load(name, parameters);
        if (result.profile) {
            text += fmt::format("{}: good, {} rule{}\n", name, result.profile->rules.size(),
                                result.profile->rules.size() == 1 ? "" : "s");
            for (const std::string& remark : result.profile->remarks) {
                text += fmt::format("{}: {}\n", name, remark);
            }
            continue;
        }
        ++bad;
        print_message(profile::to_string(result.errors));
    }
    const int printed = print_text(text);
    return bad > 0 ? exit_cannot : printed;
}

int completion_command(const CompletionRequest& request) {
    return print_text(request.shell == "fish"  ? help::fish_completion()
                      : request.shell == "zsh" ? help::zsh_completion()
                                               : help::bash_completion());
}

}  // namespace ghostpeer::cli
