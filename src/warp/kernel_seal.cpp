#include "warp/kernel_seal.hpp"

#include "posix/roots_own.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <vector>

namespace ghostpeer::warp {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::uint32_t, 64> round_constants{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

class Sha256 {
  public:
    static constexpr std::size_t block_size = 64;

    void take_block(const unsigned char* block) {
        std::array<std::uint32_t, 64> w{};
        for (std::size_t i = 0; i < 16; ++i) {
            w[i] = std::uint32_t{block[4 * i]} << 24U | std::uint32_t{block[4 * i + 1]} << 16U |
                   std::uint32_t{block[4 * i + 2]} << 8U | block[4 * i + 3];
        }
        for (std::size_t i = 16; i < 64; ++i) {
            const std::uint32_t s0 =
                std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3U);
            const std::uint32_t s1 =
                std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10U);
            w[i] = w[i - 16] + s0 + w[i - 7] + s1;
        }
        auto [a, b, c, d, e, f, g, h] = state_;
        for (std::size_t i = 0; i < 64; ++i) {
            const std::uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
            const std::uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
            const std::uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
            const std::uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
            h = g;
            g = f;
            f = e;
            e = d + t1;
            d = c;
            c = b;
            b = a;
            a = t1 + t2;
        }
        const std::array<std::uint32_t, 8> more{a, b, c, d, e, f, g, h};
        for (std::size_t i = 0; i < state_.size(); ++i) {
            state_[i] += more[i];
        }
    }

    /// `rest`: what is left behind the last whole block; `size`: of everything.
    [[nodiscard]] std::string finish(const unsigned char* rest, std::uint64_t size) {
        std::array<unsigned char, 2 * block_size> last{};
        const std::size_t n = size % block_size;
        std::memcpy(last.data(), rest, n);
        last[n] = 0x80;
        const std::size_t end = n + 9 <= block_size ? block_size : 2 * block_size;
        for (std::size_t i = 0; i < 8; ++i) {
            last[end - 1 - i] = static_cast<unsigned char>((size * 8) >> (8 * i));
        }
        take_block(last.data());
        if (end > block_size) {
            take_block(last.data() + block_size);
        }
        std::string text;
        for (const std::uint32_t word : state_) {
            text += fmt::format("{:08x}", word);
        }
        return text;
    }

  private:
    std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
};

/// What changes with every change of the file, and cannot be set back (utime(2) does not reach
/// ctime).
[[nodiscard]] std::string identity_of(const fs::path& file) {
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0
               ? fmt::format("{} {} {}.{:09}", status.st_ino, status.st_size, status.st_ctim.tv_sec,
                             status.st_ctim.tv_nsec)
               : std::string{};
}

[[nodiscard]] std::optional<std::string> distrust_path(const fs::path& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
        return fmt::format("{} cannot be looked at: {}.", path.string(), std::strerror(errno));
    }
    if (!is_roots_own(status.st_uid)) {
        return fmt::format("{} belongs to another user (number {}).", path.string(), status.st_uid);
    }
    // In a folder with the sticky bit nobody replaces what is root's.
    const bool sticky = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky && !S_ISLNK(status.st_mode)) {
        return fmt::format("others may write to {}.", path.string());
    }
    return std::nullopt;
}

}  // namespace

std::string sha256_of(const fs::path& file) {
    std::ifstream from(file, std::ios::binary);
    if (!from) {
        return {};
    }
    Sha256 hash;
    std::vector<char> buffer(1024 * Sha256::block_size);
    std::uint64_t size = 0;
    while (true) {
        from.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
        const auto n = static_cast<std::size_t>(from.gcount());
        const auto* const bytes = reinterpret_cast<const unsigned char*>(buffer.data());
        size += n;
        const std::size_t whole = n / Sha256::block_size * Sha256::block_size;
        for (std::size_t at = 0; at < whole; at += Sha256::block_size) {
            hash.take_block(bytes + at);
        }
        if (n < buffer.size()) {
            return from.bad() ? std::string{} : hash.finish(bytes + whole, size);
        }
    }
}

fs::path seal_of(const fs::path& kernel) { return kernel.string() + ".seal"; }

bool seal_kernel(const fs::path& kernel) {
    const std::string sum = sha256_of(kernel);
    std::ofstream file(seal_of(kernel));
    file << sum << ' ' << identity_of(kernel) << '\n';
    return !sum.empty() && file.flush().good();
}

std::optional<std::string> distrust_kernel(const fs::path& kernel) {
    if (::geteuid() != 0) {
        return std::nullopt;
    }
    const auto refuse = [&](const std::string& why) {
        return fmt::format(
            "root does not run the kernel {}: {} Build one of root's own: 'ghostpeer warp build' "
            "as root, without XDG_CACHE_HOME.",
            kernel.string(), why);
    };
    std::error_code error;
    const fs::path real = fs::canonical(kernel, error);
    if (error) {
        return refuse(error.message() + ".");
    }
    for (const fs::path& given : {kernel, real}) {
        for (fs::path path = given; path.has_relative_path(); path = path.parent_path()) {
            if (const auto why = distrust_path(path)) {
                return refuse(*why);
            }
        }
    }
    std::ifstream seal(seal_of(kernel));
    std::string sum;
    std::string identity;
    if (seal >> sum && std::getline(seal >> std::ws, identity) && identity != identity_of(kernel) &&
        sum != sha256_of(kernel)) {
        return refuse("it is not what was built (its SHA-256 is another).");
    }
    return std::nullopt;
}

}  // namespace ghostpeer::warp
