#include "guests/run_somehow.hpp"

#include "guests/run_in_warp.hpp"
#include "posix/message.hpp"
#include "run/observers.hpp"
#include "run/run_command.hpp"
#include "warp/kernel_store.hpp"
#include "warp/recipe.hpp"

namespace ghostpeer::guests {

int run_somehow(const setup::RunOptions& options, const sandbox::Inheritance& inheritance,
                const std::vector<std::string>& arguments) {
    if (!options.warp.empty()) {
        Host host;
        return run_in_warp(options, inheritance, arguments, host);
    }
    if (options.link != setup::LinkChoice::automatic) {
        return run::run_command(options, inheritance);
    }
    std::string forbidden;
    const int status = run::run_command(options, inheritance, &forbidden);
    if (forbidden.empty()) {
        return status;
    }
    const std::string series(warp::recipes().front().series);
    if (!warp::KernelStore::locate().find(series)) {
        const std::string sentence =
            forbidden +
            " Without that, a run in virtual time works (--warp), once it has a kernel: "
            "'ghostpeer warp build', or the file of a release.";
        complain(sentence);
        run::fail_reports(options, "The run did not begin: " + sentence, status);
        return status;
    }
    complain(
        "this system forbids the private network of a run, so this one is in virtual time, as "
        "with --warp ('ghostpeer doctor' says how to get the other).");
    setup::RunOptions other = options;
    other.warp = {series};
    Host host;
    return run_in_warp(other, inheritance, arguments, host);
}

}  // namespace ghostpeer::guests
