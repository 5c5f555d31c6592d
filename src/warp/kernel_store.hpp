// Where the kernels for virtual time are kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::warp {

struct Kernel {
    std::filesystem::path path;
    std::string release;      ///< `6.12.117`
    std::string machine;      ///< `x86_64`
    std::string fingerprint;  ///< of what it was made from
    std::uintmax_t size = 0;  ///< bytes

    /// Is it of the series `6.12`?
    [[nodiscard]] bool is_of(std::string_view series) const;
};

/// A kernel's file name, and what can be told from one; not set for any other file.
[[nodiscard]] std::string file_name(const Kernel& kernel);
[[nodiscard]] std::optional<Kernel> parse_file_name(std::string_view name);

/// The machine that this program runs on, as uname(2) calls it.
[[nodiscard]] std::string this_machine();

/// What a release has as a file; see warp/released.hpp.
struct Released {
    std::vector<std::filesystem::path> folders;
    std::string series;
    std::string
        sum;  ///< its SHA-256, in hexadecimal digits; empty: none belongs to this executable
};

class KernelStore {
  public:
    /// $XDG_CACHE_HOME/ghostpeer, ~/.cache/ghostpeer; for root without XDG_CACHE_HOME
    /// /var/cache/ghostpeer, which everybody searches after their own, and where a release's
    /// kernel may lie.
    [[nodiscard]] static KernelStore locate();
    KernelStore(std::filesystem::path own, std::vector<std::filesystem::path> others,
                Released released = {});

    /// Where kernels are built to; it need not exist.
    [[nodiscard]] const std::filesystem::path& own() const { return own_; }

    /// All kernels, those of the own folder first, then by name, a release's last.
    [[nodiscard]] std::vector<Kernel> list() const;
    /// Was it made from what this program would make it from, for this machine?
    [[nodiscard]] static bool is_current(const Kernel& kernel);
    /// A kernel that can be used. The error is complete sentences and offers the command.
    [[nodiscard]] tl::expected<Kernel, std::string> find(std::string_view series) const;

  private:
    [[nodiscard]] std::vector<Kernel> built() const;

    std::filesystem::path own_;
    std::vector<std::filesystem::path> others_;
    Released released_;
};

}  // namespace ghostpeer::warp
