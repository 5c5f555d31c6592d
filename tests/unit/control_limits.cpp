// What the control interface holds out against, and what it forgets.
#include "control/desk.hpp"
#include "control/json.hpp"
#include "control/socket_file.hpp"
#include "ghostpeer/profile/relays.hpp"
#include "support/peer_harness.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <filesystem>
#include <fstream>

using namespace ghostpeer;
using namespace ghostpeer::testing;
using namespace std::chrono_literals;

namespace {

std::string nested(int levels) {
    return std::string(static_cast<std::size_t>(levels), '[') +
           std::string(static_cast<std::size_t>(levels), ']');
}

}  // namespace

TEST_CASE("JSON is taken so many levels deep, and no deeper") {
    CHECK(control::parse_json(nested(control::most_levels)));
    CHECK_FALSE(control::parse_json(nested(control::most_levels + 1)));
    CHECK_FALSE(control::parse_json(nested(400'000)));
    CHECK_FALSE(control::parse_json(std::string(400'000, '[')));
    CHECK(control::parse_json(R"({"do": [{"say": "[[[["}]})"));
    CHECK_FALSE(control::parse_json("{\"a\": 1"));
    CHECK_FALSE(control::parse_json(""));
}

TEST_CASE("JSON has so many values, and no more") {
    const auto list = [](std::size_t items) {
        std::string text = R"({"do":[{})";
        for (std::size_t i = 1; i < items; ++i) {
            text += ",{}";
        }
        return text + "]}";
    };
    CHECK(control::parse_json(list(2'000)));
    CHECK_FALSE(control::parse_json(list(control::most_values_of_request)));
    CHECK_FALSE(control::parse_json(list(340'000)));
    CHECK(control::parse_json(list(340'000), 1'000'000));
    // Brackets and commas of a text are none.
    CHECK(control::parse_json("{\"say\": \"" + std::string(100'000, ',') + "\\\"[[[{{{\"}"));
    std::string object = "{\"0\":0";
    for (std::size_t i = 1; i < control::most_members; ++i) {
        object += ",\"" + std::to_string(i) + "\":0";
    }
    CHECK(control::parse_json(object + "}"));
    CHECK_FALSE(control::parse_json(object + ",\"x\":0}"));
}

TEST_CASE("a connection is found by its number, also where another has its place now") {
    auto settings = test_settings();
    settings.max_connections = 2;
    World world(settings, {{{}, {}, profile_of("service: echo\n")}});
    Socket first(world, 40'000);
    Socket second(world, 40'001);
    first.connect();
    second.connect();
    REQUIRE(world.engine.connection(1));
    CHECK(world.engine.connection(1)->flow.remote.port == 40'000);
    CHECK_FALSE(world.engine.connection(3));
    first.send_rst();
    Socket third(world, 40'002);
    third.connect();
    CHECK_FALSE(world.engine.connection(1));
    REQUIRE(world.engine.connection(3));
    CHECK(world.engine.connection(3)->flow.remote.port == 40'002);
    CHECK(world.engine.connection(2)->flow.remote.port == 40'001);
}

TEST_CASE("a task goes with its ticket, and whoever holds it is told of the end") {
    peer::Engine engine(test_settings(), {{{}, {}, profile_of("service: echo\n")}});
    control::Desk desk;
    int told = 0;
    desk.tell_with([&] { ++told; });
    using Turn = control::Turn;
    const auto forever = [](peer::Engine&, Instant) {
        return Turn{Turn::Next::rest, Instant::max()};
    };
    // So many may wait; each makes room when its ticket goes.
    for (std::size_t i = 0; i < 2 * control::Desk::most_tasks; ++i) {
        const auto ticket = desk.submit(forever);
        REQUIRE(ticket);
        if (i % 2 == 0) {
            desk.serve(engine, run_start);
            CHECK(desk.next_deadline() == Instant::max());
        }
        CHECK_FALSE(ticket->outcome());
        if (i % 100 == 99) {
            desk.serve(engine, run_start);
        }
    }
    desk.serve(engine, run_start);
    CHECK_FALSE(desk.next_deadline());
    CHECK(told == 0);
    auto done = desk.submit([](peer::Engine&, Instant) { return Turn{}; });
    auto left = desk.submit(forever);
    REQUIRE(done);
    REQUIRE(left);
    desk.serve(engine, run_start);
    CHECK_FALSE(done->outcome());
    desk.answer();
    CHECK(told == 1);
    CHECK(done->outcome() == control::Desk::Outcome::done);
    desk.close();
    CHECK(told == 2);
    CHECK(left->outcome() == control::Desk::Outcome::closed);
    CHECK(desk.submit(forever).error() == control::Desk::Outcome::closed);
}

TEST_CASE("profiles that relay come only where a run is ready for them") {
    const auto plain = profile_of("service: echo\n");
    const auto named = profile_of("service: {relay: \"localhost:80\"}\n");
    const auto original = profile_of("service: {relay: original}\n");
    const auto later =
        profile_of("service: echo\nattempts: {2: {service: {relay: \"localhost:80\"}}}\n");
    CHECK_FALSE(profile::relay_problem(*plain, {}));
    for (const auto& one : {named, original, later}) {
        CHECK(profile::relays(*one));
        CHECK(profile::relay_problem(*one, {}));
        CHECK_FALSE(profile::relay_problem(*one, {true, true}));
    }
    const auto process = profile_of("service: {exec: [cat, -u]}\n");
    const auto inside = profile_of("attempts: {2: {service: {relay: redis}}}\n");
    for (const auto& one : {process, inside}) {
        CHECK_FALSE(profile::relays(*one));
        CHECK(profile::relays_within(*one).size() == 1);
        CHECK(profile::relay_problem(*one, {true, true, {{"cat"}}, {"db"}}));
        CHECK_FALSE(profile::relay_problem(*one, {false, false, {{"cat", "-u"}}, {"redis"}}));
    }
    CHECK_FALSE(profile::relay_problem(*named, {true, false}));
    CHECK(profile::relay_problem(*original, {true, false})->find("relay: original") !=
          std::string::npos);
}

TEST_CASE("a socket takes the place of nothing, or of a socket that nobody listens at") {
    namespace fs = std::filesystem;
    std::string folder = (fs::temp_directory_path() / "ghostpeer-unit-XXXXXX").string();
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    const std::string path = folder + "/c.sock";
    const auto mode_of = [&] {
        struct stat found {};
        return ::lstat(path.c_str(), &found) == 0 ? found.st_mode : 0;
    };
    using control::SocketFile;
    // Given to oneself it goes the way of one that is given away.
    for (const auto& owner : {std::optional<control::Owner>(),
                              std::optional(control::Owner{::geteuid(), ::getegid()})}) {
        {
            const auto file = SocketFile::make(path, owner);
            REQUIRE(file);
            CHECK(mode_of() == (S_IFSOCK | 0600));
            CHECK(control::answers(AT_FDCWD, path));
            CHECK(SocketFile::make(path, owner).error() == EADDRINUSE);
            CHECK(std::distance(fs::directory_iterator(folder), {}) == 1);
        }
        CHECK(mode_of() == 0);
        {
            auto file = SocketFile::make(path, owner);
            REQUIRE(file);
            file->leave();
        }
        CHECK(S_ISSOCK(mode_of()));
        CHECK_FALSE(control::answers(AT_FDCWD, path));
        CHECK(SocketFile::make(path, owner));
        CHECK(mode_of() == 0);

        std::ofstream(folder + "/target") << "x";
        fs::create_symlink(folder + "/target", path);
        CHECK(SocketFile::make(path, owner).error() == EADDRINUSE);
        CHECK(S_ISLNK(mode_of()));
        fs::remove(path);
        {
            // Somebody puts another thing in its place, which is not removed.
            const auto file = SocketFile::make(path, owner);
            REQUIRE(file);
            fs::remove(path);
            std::ofstream(path) << "x";
        }
        CHECK(S_ISREG(mode_of()));
        fs::remove(path);
        fs::remove(folder + "/target");
    }
    {
        // As long as a name may be where it is bound within its folder.
        const auto longest = folder + "/" + std::string(sizeof(sockaddr_un::sun_path) - 1, 'n');
        const auto file = SocketFile::make(longest, std::nullopt);
        REQUIRE(file);
        CHECK(control::answers(AT_FDCWD, longest) == true);
    }
    CHECK(SocketFile::make(folder + "/none/c.sock", std::nullopt).error() == ENOENT);
    CHECK(SocketFile::make(folder + "/", std::nullopt).error() == EISDIR);
    fs::remove_all(folder);
}
