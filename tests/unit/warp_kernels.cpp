#include "warp/kernel_build.hpp"
#include "warp/kernel_seal.hpp"
#include "warp/kernel_store.hpp"
#include "warp/recipe.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

using namespace ghostpeer::warp;
namespace fs = std::filesystem;

namespace {

/// A folder of the test's own.
class Scratch {
  public:
    Scratch() {
        std::string name = (fs::temp_directory_path() / "ghostpeer-unit-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Scratch() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    [[nodiscard]] const fs::path& path() const { return path_; }
    void kernel(const Kernel& kernel) const {
        const fs::path file = path_ / file_name(kernel);
        std::ofstream(file) << "#!/bin/true\n";
        fs::permissions(file, fs::perms::owner_all);
    }

  private:
    fs::path path_;
};

[[nodiscard]] Kernel current_kernel(const std::string& series, const std::string& release) {
    const Recipe* recipe = find_recipe(series);
    REQUIRE(recipe != nullptr);
    Kernel kernel;
    kernel.release = release;
    kernel.machine = this_machine();
    kernel.fingerprint = fingerprint(*recipe, configuration(), kernel.machine);
    return kernel;
}

}  // namespace

TEST_CASE("the recipes are those of tools/warp, the newest first") {
    REQUIRE(recipes().size() == 2);
    CHECK(series_list() == "6.12, 6.1");
    for (const Recipe& recipe : recipes()) {
        CHECK(recipe.patch.find("time-travel-grace=") != std::string_view::npos);
        CHECK(recipe.patch.find("PTRACE_O_EXITKILL") != std::string_view::npos);
    }
    CHECK(configuration().find("CONFIG_UML_TIME_TRAVEL_SUPPORT=y") != std::string_view::npos);
    CHECK(find_recipe("5.4") == nullptr);
}

TEST_CASE("a fingerprint tells apart whatever makes another kernel") {
    const Recipe recipe{"6.12", "patch"};
    const std::string one = fingerprint(recipe, "config", "x86_64");
    CHECK(one.size() == 16);
    CHECK(one == fingerprint(recipe, "config", "x86_64"));
    CHECK(one != fingerprint({"6.1", "patch"}, "config", "x86_64"));
    CHECK(one != fingerprint({"6.12", "patch "}, "config", "x86_64"));
    CHECK(one != fingerprint(recipe, "config2", "x86_64"));
    CHECK(one != fingerprint(recipe, "config", "aarch64"));
    // What moves from one part to the next makes another one as well.
    CHECK(one != fingerprint({"6.12", "patchc"}, "onfig", "x86_64"));
}

TEST_CASE("a kernel's file name says what it is") {
    const Kernel kernel{{}, "6.12.117-rc1", "x86_64", "0123456789abcdef", 0};
    CHECK(file_name(kernel) == "linux-6.12.117-rc1-x86_64-0123456789abcdef");
    const auto parsed = parse_file_name(file_name(kernel));
    REQUIRE(parsed);
    CHECK(parsed->release == kernel.release);
    CHECK(parsed->machine == kernel.machine);
    CHECK(parsed->fingerprint == kernel.fingerprint);
    CHECK(parsed->is_of("6.12"));
    CHECK_FALSE(parsed->is_of("6.1"));
    for (const char* other :
         {"", "linux-", "linux-6.12", "linux-6.12-x86_64", "linux-6.12-x86_64-0123",
          "linux-6.12-x86_64-0123456789abcdeX", "linux--x86_64-0123456789abcdef",
          "linux-6.12--0123456789abcdef", "build-6.12-0123456789abcdef"}) {
        INFO(other);
        CHECK_FALSE(parse_file_name(other));
    }
}

TEST_CASE("a kernel that is there and current is found, in the own folder first") {
    const Scratch own;
    const Scratch shared;
    const KernelStore store(own.path(), {shared.path()});
    shared.kernel(current_kernel("6.12", "6.12.1"));
    auto found = store.find("6.12");
    REQUIRE(found);
    CHECK(found->path.parent_path() == shared.path());
    own.kernel(current_kernel("6.12", "6.12.1"));
    found = store.find("6.12");
    REQUIRE(found);
    CHECK(found->path.parent_path() == own.path());
    CHECK(store.list().size() == 2);
}

TEST_CASE("a release's kernel is run where its SHA-256 is the one that was released") {
    const Scratch own;
    const Scratch beside;
    const auto path = beside.path() / ("ghostpeer-warp-6.12-" + this_machine());
    std::ofstream(path) << "a kernel";
    const auto find = [&](const std::string& series, const std::string& sum) {
        return KernelStore(own.path(), {}, {{own.path(), beside.path()}, series, sum}).find("6.12");
    };
    const std::string sum = sha256_of(path);
    auto found = find("6.12", sum);
    REQUIRE_FALSE(found);
    CHECK(found.error() == path.string() + " may not be run. Allow it: 'chmod 755' on that file.");
    std::filesystem::permissions(path, std::filesystem::perms{0755});
    found = find("6.12", sum);
    REQUIRE(found);
    CHECK(found->path == path);
    CHECK(KernelStore::is_current(*found));
    std::ofstream(path, std::ios::app) << "!";
    found = find("6.12", sum);
    REQUIRE_FALSE(found);
    CHECK(found.error().find("(its SHA-256 is another)") != std::string::npos);
    for (const auto& [series, no_sum] : {std::pair{"6.12", ""}, std::pair{"6.1", sum.c_str()}}) {
        found = find(series, no_sum);
        REQUIRE_FALSE(found);
        CHECK(found.error().find("belongs to a release") != std::string::npos);
    }
    // One that was built comes first.
    own.kernel(current_kernel("6.12", "6.12.1"));
    CHECK(find("6.12", "")->path.parent_path() == own.path());
}

TEST_CASE("what keeps a kernel from being used is told, with the command that helps") {
    const Scratch own;
    const KernelStore store(own.path(), {});
    auto found = store.find("6.12");
    REQUIRE_FALSE(found);
    CHECK(found.error() ==
          "--warp needs a kernel that can skip time, and there is no 6.12 in " +
              own.path().string() +
              " yet. Build it once, in a few minutes: ghostpeer warp build --kernel 6.12");

    Kernel stale = current_kernel("6.12", "6.12.1");
    stale.fingerprint = "0123456789abcdef";
    own.kernel(stale);
    found = store.find("6.12");
    REQUIRE_FALSE(found);
    CHECK(found.error().find("was built by another version of ghostpeer") != std::string::npos);

    stale.machine = "sparc64";
    const Scratch other;
    other.kernel(stale);
    found = KernelStore(other.path(), {}).find("6.12");
    REQUIRE_FALSE(found);
    CHECK(found.error().find("is for sparc64 and this machine is " + this_machine()) !=
          std::string::npos);

    found = store.find("5.4");
    REQUIRE_FALSE(found);
    CHECK(found.error() ==
          "There is no kernel 5.4 for --warp. The ones that ghostpeer can build are 6.12, 6.1.");
}

TEST_CASE("remove takes kernels and half-done builds of the series, and nothing else") {
    const Scratch own;
    const KernelStore store(own.path(), {});
    own.kernel(current_kernel("6.12", "6.12.1"));
    own.kernel(current_kernel("6.1", "6.1.2"));
    fs::create_directories(own.path() / "build-6.1-0123456789abcdef/linux");
    std::ofstream(own.path() / "notes") << "mine";
    auto removed = remove_kernels(store, {"6.1"});
    REQUIRE(removed);
    CHECK(store.list().size() == 1);
    CHECK_FALSE(fs::exists(own.path() / "build-6.1-0123456789abcdef"));
    removed = remove_kernels(store, {});
    REQUIRE(removed);
    CHECK(store.list().empty());
    CHECK(fs::exists(own.path() / "notes"));
}

TEST_CASE("all that a build lacks is named at once, with the command to install it") {
    CHECK(explain_missing("6.12", {"linux-source-6.12", "flex", "bc"}) ==
          "The kernel 6.12 is built from the distribution's source package, and this is missing: "
          "linux-source-6.12 flex bc. Install it: sudo apt-get install linux-source-6.12 flex bc");
}

TEST_CASE("a source archive that is not there is told before anything is made") {
    const Scratch own;
    const KernelStore store(own.path() / "cache", {});
    const auto built =
        build_kernel(store, {"6.12", "/nonexistent/linux.tar.xz", [](std::string_view, int) {}});
    REQUIRE_FALSE(built);
    CHECK_FALSE(fs::exists(own.path() / "cache"));
}
