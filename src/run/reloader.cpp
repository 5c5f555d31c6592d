#include "run/reloader.hpp"

#include "ghostpeer/profile/catalogue.hpp"
#include "posix/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <string>
#include <string_view>

namespace ghostpeer::run {

namespace {

/// Whether a text that a profile was read from names no file whose content the profile holds: it is
/// the catalogue's, or has no `file` in it, however that may be spelled.
[[nodiscard]] bool names_no_file(const profile::SourceFile& file) {
    const auto own = profile::find_in_catalogue(file.name);
    if (own && own->text == file.text) {
        return true;
    }
    constexpr std::string_view key = "file";
    for (std::size_t at = file.text.find(key); at != std::string::npos;
         at = file.text.find(key, at + 1)) {
        if (at == 0 || std::isalnum(static_cast<unsigned char>(file.text[at - 1])) == 0) {
            return false;
        }
    }
    // Of YAML's escapes these may spell a letter, or join what stands on two lines.
    constexpr std::string_view hiding = "xuU\n\r \t";
    for (std::size_t at = file.text.find('\\'); at != std::string::npos;
         at = file.text.find('\\', at + 2)) {
        if (at + 1 < file.text.size() && hiding.find(file.text[at + 1]) != std::string_view::npos) {
            return false;
        }
    }
    return true;
}

/// It is the same profile, read again.
[[nodiscard]] bool says_the_same(const profile::Profile& before, const profile::Profile& now) {
    return before.name == now.name && before.given == now.given &&
           std::equal(before.files.begin(), before.files.end(), now.files.begin(), now.files.end(),
                      [](const profile::SourceFile& a, const profile::SourceFile& b) {
                          return a.name == b.name && a.text == b.text && names_no_file(a);
                      });
}

}  // namespace

bool Reloader::signal(int number, Instant now) {
    if (number != SIGHUP) {
        return false;
    }
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(clock_.monotonic(now)).count();
    notifier_.tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", microseconds));
    const std::string problem = reload(now);
    if (!problem.empty()) {
        print_message(problem, no_patience);
    }
    sinks_.notice(now, "reload",
                  problem.empty() ? "The profiles were read again; connections "
                                    "that begin now have them."
                                  : "The profiles could not be read again; the "
                                    "old ones stay.");
    notifier_.tell("READY=1");
    return true;
}

std::string Reloader::reload(Instant now) {
    const auto peers = setup::resolve_peers(options_, setup::Scene::serve, profile::Waiting::never);
    if (!peers) {
        return peers.error();
    }
    // The options are the same, and so are the peers; only what the files say may be different.
    auto before = engine_.peers();
    // Others have come since by the control interface; the first ones stay.
    before.resize(peers->specs.size());
    const auto is_client = [](const profile::Profile& profile) {
        return profile.role == profile::Role::client;
    };
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (is_client(*before[i].profile) != is_client(*peers->specs.at(i).profile)) {
            return fmt::format(
                "ghostpeer: the profile {} has another `role:` now, which takes a new start.\n",
                before[i].profile->name);
        }
        if (const auto problem = profile::relay_problem(*peers->specs.at(i).profile, relays_)) {
            return "ghostpeer: " + *problem + "\n";
        }
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (is_client(*before[i].profile)) {
            continue;  // its connections were planned when it began to dial
        }
        // One that has not changed goes on as it is: its statistics are kept to the end, and so
        // would those of each time be.
        const auto& read = peers->specs[i].profile;
        const auto& used = says_the_same(*before[i].profile, *read) ? before[i].profile : read;
        if (const auto problem = engine_.use(i, used, now)) {
            return "ghostpeer: " + *problem + "\n";
        }
    }
    return {};
}

}  // namespace ghostpeer::run
