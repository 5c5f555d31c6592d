#include "warp/kernel_seal.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>
#include <cstdlib>
#include <fstream>
#include <string>

using namespace ghostpeer::warp;
namespace fs = std::filesystem;

namespace {

class SealedFolder {
  public:
    SealedFolder() {
        std::string name = (fs::temp_directory_path() / "ghostpeer-seal-XXXXXX").string();
        path = ::mkdtemp(name.data());
        ::chmod(path.c_str(), 0755);
    }
    ~SealedFolder() { fs::remove_all(path); }
    SealedFolder(const SealedFolder&) = delete;
    SealedFolder& operator=(const SealedFolder&) = delete;

    fs::path write(const std::string& name, const std::string& text) const {
        std::ofstream(path / name) << text;
        ::chmod((path / name).c_str(), 0755);
        return path / name;
    }

    fs::path path;
};

}  // namespace

TEST_CASE("SHA-256 is that of FIPS 180-4") {
    const SealedFolder folder;
    CHECK(sha256_of(folder.write("none", "")) ==
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256_of(folder.write("abc", "abc")) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256_of(
              folder.write("two", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(sha256_of(folder.write("million", std::string(1'000'000, 'a'))) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    CHECK(sha256_of(folder.path / "missing").empty());
}

TEST_CASE("root runs no kernel that others own or may write, and none that has changed") {
    if (::geteuid() != 0) {
        return;
    }
    const SealedFolder folder;
    const fs::path kernel = folder.write("linux", "a kernel");
    CHECK(distrust_kernel(kernel) == std::nullopt);  // of an older build, without a seal
    REQUIRE(seal_kernel(kernel));
    CHECK(distrust_kernel(kernel) == std::nullopt);

    SUBCASE("it is touched and says the same") {
        folder.write("linux", "a kernel");
        CHECK(distrust_kernel(kernel) == std::nullopt);
    }
    SUBCASE("it says something else") {
        folder.write("linux", "a colonel");
        CHECK(distrust_kernel(kernel).value_or("").find("SHA-256") != std::string::npos);
    }
    SUBCASE("somebody else's") {
        REQUIRE(::chown(kernel.c_str(), 65534, 65534) == 0);
        CHECK(distrust_kernel(kernel).value_or("").find("another user") != std::string::npos);
    }
    SUBCASE("others may write to it") {
        ::chmod(kernel.c_str(), 0777);
        CHECK(distrust_kernel(kernel).value_or("").find("others may write") != std::string::npos);
    }
    SUBCASE("others may write to its folder") {
        ::chmod(folder.path.c_str(), 0777);
        CHECK(distrust_kernel(kernel).value_or("").find("others may write") != std::string::npos);
    }
    SUBCASE("its folder is somebody else's") {
        REQUIRE(::chown(folder.path.c_str(), 65534, 65534) == 0);
        CHECK(distrust_kernel(kernel).value_or("").find("another user") != std::string::npos);
    }
    SUBCASE("a link of somebody else's leads to it") {
        const fs::path link = folder.path / "link";
        fs::create_symlink(kernel, link);
        CHECK(distrust_kernel(link) == std::nullopt);
        REQUIRE(::lchown(link.c_str(), 65534, 65534) == 0);
        CHECK(distrust_kernel(link).value_or("").find("another user") != std::string::npos);
    }
}
