#include "warp/guest_init.hpp"

#include "posix/file_descriptor.hpp"
#include "warp/guest_run.hpp"
#include "warp/guest_traces.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace ghostpeer::warp {
namespace {

constexpr const char* orders_device = "/dev/tty1";

/// For what may fail: the guest does without it.
template <typename Result>
void optional(Result /*result*/) noexcept {}

[[nodiscard]] FileDescriptor open_folder(const char* path) {
    return FileDescriptor(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

class Server {
  public:
    explicit Server(const char* directory) : folder_(open_folder(directory)) {}

    /// Once, before the first run.
    void furnish();
    /// False: the guest is of no more use, and the run's folder says why, if it could be written.
    [[nodiscard]] bool serve(int number, const std::function<void()>& await_phase,
                             const std::function<int(const GuestSpec&)>& program);
    /// The number of the next run; not set: nobody will say it any more.
    [[nodiscard]] std::optional<int> next();

    [[noreturn]] static void power_off() {
        sync();
        reboot(RB_POWER_OFF);
        _exit(1);  // the kernel panics, and that is told
    }

  private:
    [[nodiscard]] static std::optional<GuestSpec> read_spec(const FileDescriptor& folder);

    FileDescriptor folder_;
    FileDescriptor orders_;
    std::optional<GuestTraces> traces_;
};

/// The file systems are mounted to be looked at, and go again: a run mounts its own, once it has
/// opened what they cover of the host's.
void Server::furnish() {
    for (const auto& [type, at] :
         {std::pair{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}}) {
        optional(mount(type, at, type, MS_NOSUID, nullptr));
    }
    mkdir("/dev/pts", 0755);
    mkdir("/dev/shm", 01777);
    for (const char* node : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
                             "/dev/tty", "/dev/ptmx", "/dev/net/tun"}) {
        chmod(node, 0666);
    }
    optional(symlink("/proc/self/fd", "/dev/fd"));
    optional(symlink("fd/0", "/dev/stdin"));
    optional(symlink("fd/1", "/dev/stdout"));
    optional(symlink("fd/2", "/dev/stderr"));
    orders_ = FileDescriptor(open(orders_device, O_RDONLY | O_NOCTTY | O_CLOEXEC));
    traces_.emplace(open_folder("/proc/sys"), open_folder("/sys/module"), open_folder("/dev"));
    for (const char* at : {"/proc", "/sys", "/dev"}) {
        umount2(at, MNT_DETACH);
    }
}

std::optional<GuestSpec> Server::read_spec(const FileDescriptor& folder) {
    const FileDescriptor file(openat(folder.get(), guest_file::spec, O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 65536> buffer{};
    ssize_t got = 0;
    while ((got = read(file.get(), buffer.data(), buffer.size())) > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    auto spec = decode(text);
    if (!spec) {
        optional(write_guest_file(folder, guest_file::failure,
                                  "The guest cannot read what it is to run. This is a bug."));
    }
    return spec;
}

bool Server::serve(int number, const std::function<void()>& await_phase,
                   const std::function<int(const GuestSpec&)>& program) {
    const FileDescriptor folder(
        openat(folder_.get(), std::to_string(number).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const auto spec = read_spec(folder);
    if (!spec) {
        return false;
    }
    const FileDescriptor input(openat(folder.get(), guest_file::in, O_RDONLY | O_CLOEXEC));
    await_phase();
    const bool may_change = spec->kept && spec->user == 0;
    if (may_change) {
        traces_->remember();
    }
    const pid_t run = clone_into_namespaces();
    if (run < 0) {
        optional(write_guest_file(folder, guest_file::failure,
                                  fmt::format("The guest cannot make namespaces for the run: {}.",
                                              std::strerror(errno))));
        return false;
    }
    if (run == 0) {
        GuestTraces::forget_in_child();
        _exit(do_guest_run(*spec, {folder, input, orders_}, program));
    }
    // It is reaped after all that was in its namespaces.
    int status = 0;
    while (waitpid(run, &status, 0) < 0 && errno == EINTR) {
    }
    sync();
    if (faccessat(folder.get(), guest_file::failure, F_OK, 0) == 0) {
        return false;
    }
    if (!WIFEXITED(status)) {
        optional(write_guest_file(folder, guest_file::failure,
                                  "The guest's first process of the run was killed."));
        return false;
    }
    const bool is_same = !may_change || traces_->is_same();
    const off_t consumed = lseek(input.get(), 0, SEEK_CUR);
    // Where it cannot be written the host would wait for it, so that the guest's end has to say it.
    return write_guest_file(folder, guest_file::status,
                            fmt::format("{} {} {}\n", WEXITSTATUS(status),
                                        consumed < 0 ? 0 : consumed, is_same ? 1 : 0));
}

std::optional<int> Server::next() {
    std::string heard;
    while (true) {
        std::array<char, 256> text{};
        const ssize_t got = read(orders_.get(), text.data(), text.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return std::nullopt;
        }
        heard.append(text.data(), static_cast<std::size_t>(got));
        for (auto end = heard.find('\n'); end != std::string::npos; end = heard.find('\n')) {
            int number = 0;
            // Others were meant for the run before.
            if (heard.front() == order::run &&
                std::from_chars(heard.data() + 1, heard.data() + end, number).ec == std::errc{}) {
                return number;
            }
            heard.erase(0, end + 1);
        }
    }
}

}  // namespace

bool is_guest_init(int argc, const char* const* argv) {
    // User-Mode Linux adds an argument of its own behind ours.
    return argc >= 3 && getpid() == 1 && std::strcmp(argv[1], guest_word) == 0;
}

void run_guest_init(const char* directory, const std::function<void()>& await_phase,
                    const std::function<int(const GuestSpec&)>& program) {
    Server server(directory);
    server.furnish();
    for (std::optional<int> number = 1; number && server.serve(*number, await_phase, program);) {
        number = server.next();
    }
    Server::power_off();
}

}  // namespace ghostpeer::warp
