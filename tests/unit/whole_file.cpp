#include "posix/whole_file.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>

using ghostpeer::whole_file;

TEST_CASE("What opens and cannot be read is an error, not an exception") {
    CHECK(whole_file("/proc/self/mem") == tl::make_unexpected(EIO));
    CHECK(whole_file("/") == tl::make_unexpected(EISDIR));
    CHECK(whole_file("/nowhere/at/all") == tl::make_unexpected(ENOENT));
}

TEST_CASE("A file of /proc is read whole, and from a place on") {
    const auto status = whole_file("/proc/self/status");
    REQUIRE(status.has_value());
    CHECK(status->rfind("Name:", 0) == 0);
    CHECK(status->back() == '\n');
    CHECK(whole_file("/proc/self/comm", 1).value_or("none").size() + 1 ==
          whole_file("/proc/self/comm").value_or("").size());
}
