// Names, paths, and the catalogue.
#include "profile_samples.hpp"

#include "ghostpeer/profile/catalogue.hpp"

#include <algorithm>

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

std::string load_errors(const std::string& name) {
    return profile::to_string(profile::load(name).errors);
}

}  // namespace

TEST_CASE("the catalogue is sorted and every profile in it loads as it is") {
    const auto entries = profile::catalogue();
    REQUIRE_FALSE(entries.empty());
    CHECK(std::is_sorted(entries.begin(), entries.end(),
                         [](const auto& a, const auto& b) { return a.name < b.name; }));
    for (const auto& entry : entries) {
        const auto result = profile::load(std::string(entry.name));
        CHECK_MESSAGE(result.profile, profile::to_string(result.errors));
        const auto found = profile::find_in_catalogue(entry.name);
        REQUIRE(found);
        CHECK(found->text == entry.text);
        CHECK(profile::read_source(std::string(entry.name)) == std::string(entry.text));
    }
    CHECK_FALSE(profile::find_in_catalogue("no-such-profile"));
    CHECK_FALSE(profile::find_in_catalogue(""));
}

TEST_CASE("the list has each profile's name and summary") {
    const auto list = profile::list_catalogue();
    REQUIRE(list.size() == profile::catalogue().size());
    for (std::size_t i = 0; i < list.size(); ++i) {
        CHECK(list[i].name == profile::catalogue()[i].name);
        CHECK_FALSE(list[i].summary.empty());
    }
}

TEST_CASE("a profile by its path") {
    const Folder folder;
    const auto path = folder.write("mine.yaml", "summary: mine\n");
    const auto result = profile::load(path);
    REQUIRE(result.profile);
    CHECK(result.profile->name == path);
    CHECK(profile::read_source(path) == std::string("summary: mine\n"));
    const auto other = folder.write("mine", "summary: mine\n");  // a slash makes it a path
    CHECK(profile::load(other).profile);
}

TEST_CASE("a profile that is not there, or is no file") {
    const Folder folder;
    CHECK(load_errors("helthy") ==
          "helthy: there is no profile `helthy`; did you mean `healthy`? "
          "`ghostpeer list` shows all\n");
    CHECK(load_errors("qqqqqqqqqqqq") ==
          "qqqqqqqqqqqq: there is no profile `qqqqqqqqqqqq`; `ghostpeer list` shows all\n");
    CHECK(load_errors("") == ": there is no profile ``; `ghostpeer list` shows all\n");
    CHECK(load_errors("no-such.yaml") ==
          "no-such.yaml: the profile `no-such.yaml` cannot be read: "
          "No such file or directory\n");
    CHECK(load_errors("/") == "/: the profile `/` cannot be read: it is a directory\n");
    CHECK(load_errors("/dev/zero") ==
          "/dev/zero: the profile `/dev/zero` cannot be read: it is longer than 1 MiB\n");
    CHECK_FALSE(profile::read_source("helthy"));
    CHECK_FALSE(profile::read_source("/"));
    CHECK_FALSE(profile::read_source(folder.path("no.yaml")));
    const auto binary = folder.write("binary.yaml", std::string("\x7f"
                                                                "ELF\0\0",
                                                                6));
    CHECK(load_errors(binary) == binary + ": this is not a text file: it has control characters\n");
}

TEST_CASE("files that a profile names are bounded") {
    const Folder folder;
    folder.write("large", std::string(17 * 1024 * 1024, 'x'));
    const auto path =
        folder.write("p.yaml", "summary: x\nrules:\n  - {on: start, do: {say: {file: large}}}\n");
    CHECK(load_errors(path) == path + ":3:34: the file `" + folder.path("large") +
                                   "` cannot be read: it is longer than 16 MiB\n"
                                   "  - {on: start, do: {say: {file: large}}}\n"
                                   "                                 ^\n");
}
