#include "ghostpeer/profile/catalogue.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "help/first_profile.hpp"
#include "help/layout.hpp"
#include "help/mistakes.hpp"
#include "help/schemas.hpp"
#include "help/search.hpp"
#include "posix/shell_words.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

using namespace ghostpeer;

namespace {

[[nodiscard]] std::vector<std::string> found(const std::vector<std::string>& words) {
    std::vector<std::string> names;
    for (const auto& listing : help::search(profile::list_catalogue(), words)) {
        names.emplace_back(listing.name);
    }
    return names;
}

[[nodiscard]] bool has(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TEST_CASE("help: texts are folded at spaces, and long words stay whole") {
    CHECK(help::fold("one two three", 0, 2, 8) == "one two\n  three");
    CHECK(help::fold("one two three", 6, 4, 8) == "one\n    two\n    three");
    CHECK(help::fold("a-word-without-an-end b", 0, 1, 5) == "a-word-without-an-end\n b");
    CHECK(help::fold("one two three", 0, 2, 0) == "one two three");
    // Columns, not bytes.
    CHECK(help::fold("\xc3\xa4\xc3\xa4\xc3\xa4 b", 0, 0, 5) == "\xc3\xa4\xc3\xa4\xc3\xa4 b");
    CHECK(help::fold("", 0, 2, 8).empty());
}

TEST_CASE("help: options, paragraphs and command lines fit into 80 columns") {
    const std::string words(120, 'x');
    const std::string text =
        "Does it.\nUsage: ghostpeer it [OPTIONS]\n\n"
        "  --option TEXT               " +
        std::string(
            "what it does, in more words than fit into one line of a "
            "terminal that nobody has made wider\n") +
        "  --an-option-that-is-longer-than-that TEXT\n"
        "                              what it does, in more words than fit "
        "into one line of a terminal\n\n"
        "A paragraph that goes on for longer than a line of such a terminal "
        "has room for,\nand its second line.\n\nExample:\n"
        "  ghostpeer run --peer one=refuse --peer two=lossy --events run.jsonl "
        "-- ./my-client\n";
    const auto folded = help::fold_help(text);
    std::istringstream lines(folded);
    for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        CHECK(line.size() <= help::usual_width);
    }
    CHECK(
        folded.find("\n                              of a terminal that nobody has made wider\n") !=
        std::string::npos);
    CHECK(folded.find(" \\\n      ./my-client\n") != std::string::npos);
    CHECK(folded.find("Does it.\nUsage: ") == 0);
    // What fits stays as it was.
    CHECK(help::fold_help("  a   b\n\nc\nd\n") == "  a   b\n\nc\nd\n");
}

TEST_CASE("help: words that somebody may have meant") {
    CHECK(help::understand_words({"help", "run"}) == std::vector<std::string>{"run", "--help"});
    CHECK(help::understand_words({"help"}) == std::vector<std::string>{"--help"});
    CHECK(help::understand_words({"version"}) == std::vector<std::string>{"--version"});
    CHECK(help::understand_words({"run", "help"}) == std::vector<std::string>{"run", "help"});

    const std::vector<std::string> commands{"run", "serve", "list"};
    CHECK(help::unknown_command("rnu", commands) ==
          "there is no command `rnu`; did you mean `run`?");
    CHECK(help::unknown_command("refuse", commands) ==
          "`refuse` is a profile. To run a program against it: ghostpeer run refuse -- COMMAND…");
    CHECK(help::unknown_command("xylophone", commands) ==
          "there is no command `xylophone`; there are run, serve, list.");

    const std::vector<std::string> options{"--timeout", "--trace", "-q"};
    CHECK(help::unexpected_words({"run", "--timout", "3s", "healthy"}, {"--timout", "healthy"},
                                 options, false) ==
          "there is no option `--timout`; did you mean `--timeout`?");
    CHECK(help::unexpected_words({"run", "healthy", "curl", "-sS", "http://x/?a b"},
                                 {"curl", "-sS", "http://x/?a b"}, options, true) ==
          "COMMAND and its options stand behind `--`: ghostpeer run healthy -- curl -sS "
          "'http://x/?a b'");
    CHECK(help::unexpected_words({"run", "a", "b"}, {"b"}, options, false) ==
          "nothing here takes the word b.");
}

TEST_CASE("help: the catalogue is found by what people say") {
    CHECK(has(found({"refuse"}), "refuse"));
    CHECK(has(found({"hang"}), "silent-after-handshake"));
    CHECK(has(found({"DISCONNECT"}), "close-on-accept"));
    CHECK(has(found({"bandwidth"}), "slow-reader"));
    // Each of the words.
    const auto both = found({"tls", "stall"});
    CHECK(has(both, "tls-handshake-stalls"));
    CHECK_FALSE(has(both, "plain-http-on-tls-port"));
    CHECK(found({"xylophone"}).empty());
    CHECK(found({}).size() == profile::catalogue().size());
    // A synonym that finds nothing is none.
    for (const auto& word : help::synonyms()) {
        CAPTURE(word);
        CHECK_FALSE(found({word}).empty());
    }
}

TEST_CASE("help: the first profile is good") {
    const auto loaded = profile::load_text(std::string(help::first_profile()), "ghostpeer.yaml");
    CHECK(profile::to_string(loaded.errors).empty());
    REQUIRE(loaded.profile);
    CHECK(loaded.profile->rules.size() == 1);
}

TEST_CASE("help: editors' schema has the catalogue's names") {
    const auto schema = help::schema_for_editors();
    CHECK(schema.find("\"keepalive-blackhole\"") != std::string::npos);
    CHECK(help::event_schema().find("\"$schema\"") != std::string::npos);
}

TEST_CASE("posix: words for a shell") {
    CHECK(shell_word("plain-1.0/x=y,z") == "plain-1.0/x=y,z");
    CHECK(shell_word("") == "''");
    CHECK(shell_line({"echo", "it's", "$x"}) == "echo 'it'\\''s' '$x'");
}
