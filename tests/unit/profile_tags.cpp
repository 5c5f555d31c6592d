#include "ghostpeer/profile/catalogue.hpp"
#include "profile_samples.hpp"

#include <algorithm>

using namespace ghostpeer;
using namespace ghostpeer::testing;

TEST_CASE("tags: one or a list of known words") {
    (void)loaded("tags: reset\n");
    (void)loaded("tags: [close, path-mtu, icmp]\n");
}

TEST_CASE("tags: what is wrong with them") {
    CHECK(problems("tags: [reset, handshke]\n") ==
          "1:15 there is no tag `handshke`; did you mean `handshake`?\n");
    CHECK(problems("tags: [zzzzzzzz]\n") ==
          "1:8 there is no tag `zzzzzzzz`; known are `handshake`, `silence`, `reset`, `close`, "
          "`window`, `keepalive`, `data`, `options`, `host`, `icmp`, `path-mtu`, `middlebox`, "
          "`retry`, "
          "`exhaustion`, "
          "`abuse`, `protocol`, `client` and `experiment`\n");
    CHECK(problems("tags: [reset, close, reset]\n") == "1:22 the tag `reset` stands here twice\n");
    CHECK(problems("tags: []\n") == "1:7 `tags` names no tag\n");
    CHECK(problems("tags: {reset: 1}\n") ==
          "1:7 `tags` takes a list such as `[reset, window]`, not a map\n");
    CHECK(problems("tags: [[reset]]\n") == "1:8 a tag is a word, not a list\n");
    CHECK(problems("tags:\n") ==
          "1:1 `tags` has no value; it takes a list such as `[reset, window]`\n");
}

TEST_CASE("what the list shows without reading the rules is what the loader reads") {
    const auto listings = profile::list_catalogue();
    REQUIRE(listings.size() == profile::catalogue().size());
    for (std::size_t i = 0; i < listings.size(); ++i) {
        const auto& listing = listings[i];
        CAPTURE(listing.name);
        CHECK(listing.name == profile::catalogue()[i].name);
        const auto result = profile::load(std::string(listing.name));
        REQUIRE(result.profile);
        CHECK(listing.summary == result.profile->summary);
        for (const auto& [name, value] : listing.parameters) {
            const auto& known = result.profile->parameters;
            CHECK(std::find(known.begin(), known.end(), name) != known.end());
            CHECK_FALSE(value.empty());
        }
    }
}

TEST_CASE("every profile of the catalogue has a tag, details and a line for editors") {
    for (const auto& listing : profile::list_catalogue()) {
        CAPTURE(listing.name);
        CHECK_FALSE(listing.tags.empty());
        const auto profile = profile::load(std::string(listing.name)).profile;
        REQUIRE(profile);
        CHECK(profile->details.find("RFC ") != std::string::npos);
        CHECK(profile->details.find("Look at: ") != std::string::npos);
        CHECK(profile::read_source(std::string(listing.name))
                  ->starts_with("# yaml-language-server: $schema=./schema.json\n"));
    }
}
