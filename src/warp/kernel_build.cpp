#include "warp/kernel_build.hpp"

#include "posix/file_descriptor.hpp"
#include "posix/find_program.hpp"
#include "warp/kernel_seal.hpp"
#include "warp/recipe.hpp"
#include "warp/subprocess.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

namespace ghostpeer::warp {
namespace {

namespace fs = std::filesystem;

/// What the source and the objects take on disk.
constexpr std::uintmax_t needed_space = std::uintmax_t{2} * 1024 * 1024 * 1024;
/// Lines that the build prints, about; both series are close to it.
constexpr int expected_lines = 1250;
constexpr std::size_t quoted_lines = 12;

struct Tool {
    const char* program;
    const char* package;
};
constexpr std::array tools{
    Tool{"gcc", "gcc libc6-dev"}, Tool{"make", "make"},   Tool{"flex", "flex"},
    Tool{"bison", "bison"},       Tool{"bc", "bc"},       Tool{"patch", "patch"},
    Tool{"tar", "tar"},           Tool{"xz", "xz-utils"}, Tool{"strip", "binutils"},
};

/// Much of the source is for other machines and devices. Kconfig files stay: they name each other.
constexpr std::array unneeded{
    "*/Documentation/*.rst",
    "*/Documentation/*.yaml",
    "*/Documentation/*.txt",
    "*/Documentation/*.svg",
    "*/drivers/gpu/*.[chS]",
    "*/drivers/media/*.[chS]",
    "*/drivers/staging/*.[chS]",
    "*/drivers/infiniband/*.[chS]",
    "*/drivers/net/ethernet/*.[chS]",
    "*/drivers/net/wireless/*.[chS]",
    "*/drivers/scsi/*.[chS]",
    "*/sound/*.[chS]",
    "*/tools/testing/*",
    "*/tools/perf/*",
    "*.dts",
    "*.dtsi",
};

/// A build that was interrupted is taken up again at the first step without its mark.
class Build {
  public:
    Build(const KernelStore& store, const BuildRequest& request, const Recipe& recipe)
        : request_(request), recipe_(recipe), store_(store.own()) {
        kernel_.machine = this_machine();
        kernel_.fingerprint = fingerprint(recipe, configuration(), kernel_.machine);
        folder_ = store_ / fmt::format("build-{}-{}", recipe.series, kernel_.fingerprint);
        log_ = folder_ / "build.log";
        tree_ = folder_ / "linux";
    }

    [[nodiscard]] tl::expected<Kernel, std::string> run() {
        using Step = tl::expected<void, std::string> (Build::*)();
        for (const Step step : {&Build::check, &Build::prepare, &Build::unpack, &Build::patch,
                                &Build::configure, &Build::compile, &Build::install}) {
            if (auto done = (this->*step)(); !done) {
                return tl::make_unexpected(std::move(done.error()));
            }
        }
        return kernel_;
    }

  private:
    using Done = tl::expected<void, std::string>;

    [[nodiscard]] static Done fail(std::string message) {
        return tl::make_unexpected(std::move(message));
    }
    [[nodiscard]] bool is_done(const char* step) const { return fs::exists(folder_ / step); }
    void mark_done(const char* step) const { std::ofstream(folder_ / step) << "\n"; }

    [[nodiscard]] Done check();
    [[nodiscard]] Done prepare();
    [[nodiscard]] Done unpack();
    [[nodiscard]] Done patch();
    [[nodiscard]] Done configure();
    [[nodiscard]] Done compile();
    [[nodiscard]] Done install();
    [[nodiscard]] fs::path find_archive() const;
    /// Runs a program of the build and explains its failure.
    [[nodiscard]] Done call(const std::vector<std::string>& command, const fs::path& folder,
                            const std::function<void(std::string_view)>& line) const;
    [[nodiscard]] std::string last_of_log() const;

    const BuildRequest& request_;
    const Recipe& recipe_;
    fs::path store_;
    fs::path folder_;
    fs::path log_;
    fs::path tree_;
    fs::path archive_;
    FileDescriptor lock_;
    Kernel kernel_;
};

fs::path Build::find_archive() const {
    if (!request_.source.empty()) {
        return fs::exists(request_.source) ? fs::absolute(request_.source) : fs::path();
    }
    const std::string name = fmt::format("linux-source-{}", recipe_.series);
    for (const std::string& path :
         {fmt::format("/usr/src/{}.tar.xz", name), fmt::format("/usr/src/{0}/{0}.tar.xz", name),
          // Ubuntu
          fmt::format("/usr/src/{0}.0/{0}.0.tar.bz2", name),
          fmt::format("/usr/src/{0}.0.tar.bz2", name)}) {
        if (fs::exists(path)) {
            return path;
        }
    }
    return {};
}

Build::Done Build::check() {
    if (kernel_.machine != "x86_64") {
        return fail(
            fmt::format("User-Mode Linux, which --warp is made of, runs on x86_64 only, and "
                        "this machine is {}. Run without --warp here.",
                        kernel_.machine));
    }
    archive_ = find_archive();
    if (archive_.empty() && !request_.source.empty()) {
        return fail(fmt::format("There is no file {}.", request_.source));
    }
    std::vector<std::string> missing;
    if (archive_.empty()) {
        missing.push_back(fmt::format("linux-source-{}", recipe_.series));
    }
    for (const Tool& tool : tools) {
        if (find_program(tool.program).empty()) {
            missing.emplace_back(tool.package);
        }
    }
    if (!missing.empty()) {
        return fail(explain_missing(recipe_.series, missing));
    }
    return {};
}

Build::Done Build::prepare() {
    std::error_code error;
    fs::create_directories(folder_, error);
    lock_ = FileDescriptor(open((folder_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (error || !lock_) {
        return fail(
            fmt::format("The folder {} cannot be made: {}. Set XDG_CACHE_HOME to a folder "
                        "that you may write to.",
                        folder_.string(), error ? error.message() : std::strerror(errno)));
    }
    if (flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
        request_.progress("waiting for another build of the same kernel", -1);
        flock(lock_.get(), LOCK_EX);
    }
    struct statvfs disk {};
    if (statvfs(folder_.c_str(), &disk) == 0) {
        const std::uintmax_t room = std::uintmax_t{disk.f_bavail} * disk.f_frsize;
        if (room < needed_space && !is_done("configured")) {
            return fail(
                fmt::format("The build needs 2 GiB in {}, and there are {} MiB. Make room, "
                            "or set XDG_CACHE_HOME to a folder elsewhere.",
                            store_.string(), room >> 20));
        }
    }
    return {};
}

Build::Done Build::unpack() {
    if (is_done("unpacked")) {
        return {};
    }
    request_.progress("unpacking the source", -1);
    std::error_code error;
    fs::remove_all(tree_, error);
    fs::create_directories(tree_, error);
    std::vector<std::string> command{"tar", "--extract", "--strip-components=1",
                                     "--file=" + archive_.string()};
    for (const char* pattern : unneeded) {
        command.push_back(std::string("--exclude=") + pattern);
    }
    auto done = call(command, tree_, [](std::string_view) {});
    if (done) {
        mark_done("unpacked");
    }
    return done;
}

Build::Done Build::patch() {
    if (is_done("patched")) {
        return {};
    }
    request_.progress("patching", -1);
    std::ofstream(folder_ / "warp.patch", std::ios::binary) << recipe_.patch;
    std::ofstream(folder_ / "warp.config", std::ios::binary) << configuration();
    // A build that was killed while it patched: what is in already is left alone.
    auto done = call({"patch", "--strip=1", "--forward", "--batch", "--reject-file=-", "--input",
                      (folder_ / "warp.patch").string()},
                     tree_, [](std::string_view) {});
    if (!done) {
        std::error_code ignored;
        fs::remove(folder_ / "unpacked", ignored);
        return fail(
            fmt::format("ghostpeer's patch does not fit the source in {}: it is another "
                        "version than the one it was made for.\n{}",
                        archive_.string(), done.error()));
    }
    mark_done("patched");
    return {};
}

Build::Done Build::configure() {
    if (is_done("configured")) {
        return {};
    }
    request_.progress("configuring", -1);
    auto done = call({"make", "ARCH=um", "KCONFIG_ALLCONFIG=" + (folder_ / "warp.config").string(),
                      "allnoconfig"},
                     tree_, [](std::string_view) {});
    if (done) {
        mark_done("configured");
    }
    return done;
}

Build::Done Build::compile() {
    const unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
    int lines = 0;
    int shown = -1;
    request_.progress("compiling", 0);
    return call({"make", "ARCH=um", fmt::format("-j{}", jobs), "linux"}, tree_,
                [&](std::string_view line) {
                    if (!line.starts_with("  ")) {
                        return;
                    }
                    constexpr int all_but_done = 99;
                    const int percent = std::min(++lines * 100 / expected_lines, all_but_done);
                    if (percent > shown) {
                        shown = percent;
                        request_.progress("compiling", percent);
                    }
                });
}

Build::Done Build::install() {
    request_.progress("installing", -1);
    std::ifstream(tree_ / "include/config/kernel.release") >> kernel_.release;
    if (!kernel_.is_of(recipe_.series)) {
        return fail(fmt::format("The source in {} is Linux {}, and {} was asked for.",
                                archive_.string(), kernel_.release, recipe_.series));
    }
    kernel_.path = store_ / file_name(kernel_);
    const fs::path scratch = folder_ / "linux.stripped";
    if (auto done = call({"strip", "-o", scratch.string(), (tree_ / "linux").string()}, tree_,
                         [](std::string_view) {});
        !done) {
        return done;
    }
    std::error_code error;
    fs::rename(scratch, kernel_.path, error);
    if (error) {
        return fail(fmt::format("{} cannot be made: {}.", kernel_.path.string(), error.message()));
    }
    if (!seal_kernel(kernel_.path)) {
        return fail(fmt::format("{} cannot be written.", seal_of(kernel_.path).string()));
    }
    kernel_.size = fs::file_size(kernel_.path, error);
    fs::remove_all(folder_, error);
    return {};
}

Build::Done Build::call(const std::vector<std::string>& command, const fs::path& folder,
                        const std::function<void(std::string_view)>& line) const {
    const int status = run_logged(command, folder, log_, line);
    if (status == 0) {
        return {};
    }
    const std::string log = last_of_log();
    if (log.find("No space left on device") != std::string::npos) {
        return fail(
            fmt::format("The disk with {} is full. Make room and start again; what is done "
                        "stays done.",
                        store_.string()));
    }
    return fail(fmt::format("`{}` failed with status {}. The whole log is {}; its end:\n{}",
                            command.front(), status, log_.string(), log));
}

std::string Build::last_of_log() const {
    std::ifstream file(log_);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        lines.push_back(std::move(line));
        if (lines.size() > quoted_lines) {
            lines.erase(lines.begin());
        }
    }
    std::string text;
    for (const std::string& line : lines) {
        text += "  " + line + "\n";
    }
    return text;
}

}  // namespace

std::string explain_missing(std::string_view series,
                            const std::vector<std::string>& missing_packages) {
    std::string packages;
    for (const std::string& package : missing_packages) {
        packages += " " + package;
    }
    return fmt::format(
        "The kernel {} is built from the distribution's source package, and this is "
        "missing:{}. Install it: sudo apt-get install{}",
        series, packages, packages);
}

tl::expected<Kernel, std::string> build_kernel(const KernelStore& store,
                                               const BuildRequest& request) {
    const Recipe* recipe = find_recipe(request.series);
    if (recipe == nullptr) {
        return tl::make_unexpected(fmt::format("There is no recipe for a kernel {}. There are: {}.",
                                               request.series, series_list()));
    }
    if (auto there = store.find(request.series)) {
        return there;
    }
    return Build(store, request, *recipe).run();
}

tl::expected<std::string, std::string> remove_kernels(const KernelStore& store,
                                                      const std::vector<std::string>& series) {
    std::string removed;
    std::error_code error;
    std::vector<fs::path> doomed;
    for (fs::directory_iterator file(store.own(), error), end; !error && file != end;
         file.increment(error)) {
        const std::string name = file->path().filename().string();
        const auto kernel = parse_file_name(name);
        const bool wanted =
            series.empty() || std::any_of(series.begin(), series.end(), [&](const auto& one) {
                return kernel ? kernel->is_of(one) : name.starts_with("build-" + one + "-");
            });
        if (wanted && (kernel || name.starts_with("build-"))) {
            doomed.push_back(file->path());
        }
    }
    for (const fs::path& path : doomed) {
        fs::remove_all(path, error);
        std::error_code none;
        fs::remove(seal_of(path), none);
        if (error) {
            return tl::make_unexpected(
                fmt::format("{} cannot be removed: {}.", path.string(), error.message()));
        }
        removed += "Removed " + path.string() + "\n";
    }
    return removed;
}

}  // namespace ghostpeer::warp
