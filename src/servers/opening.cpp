#include "servers/opening.hpp"

#include "event/text.hpp"
#include "loop/clock.hpp"
#include "sandbox/command.hpp"
#include "servers/listening.hpp"
#include "servers/program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace ghostpeer::servers {
namespace {

using namespace std::chrono_literals;
using sandbox::Error;

constexpr const char* room = "/dev/shm";
constexpr std::size_t longest_tail = 16 * 1024;
constexpr std::size_t longest_shown = 2000;
constexpr int between_looks_ms = 5;
/// For one that has gone to the background to listen.
constexpr Duration patience_with_daemons = 1s;

[[nodiscard]] std::string name_of(const profile::Server& server) {
    return server.place.file ? fmt::format("The server {} ({}:{})", server.name, *server.place.file,
                                           server.place.line)
                             : fmt::format("The server {} (--server)", server.name);
}

/// The last lines, each indented, below a sentence that ends with a colon.
[[nodiscard]] std::string shown(const std::string& tail) {
    std::string_view rest = tail;
    if (rest.size() > longest_shown) {
        rest.remove_prefix(rest.size() - longest_shown);
    }
    while (!rest.empty() && rest.back() == '\n') {
        rest.remove_suffix(1);
    }
    if (rest.empty()) {
        return " It has printed nothing.";
    }
    std::string text = " It has printed:";
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        text += "\n    " + event::printable(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return text;
}

/// The last of it in one line.
[[nodiscard]] std::string last_words(const std::string& tail) {
    constexpr std::size_t most = 300;
    std::string text = tail.size() > most ? tail.substr(tail.size() - most) : tail;
    while (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    std::replace(text.begin(), text.end(), '\n', '|');
    return text.empty() ? " It has printed nothing."
                        : fmt::format(" It has printed last: {}", event::printable(text));
}

[[nodiscard]] std::string end_of(int status) {
    return WIFSIGNALED(status) ? fmt::format("by signal {}", WTERMSIG(status))
                               : fmt::format("with status {}", WEXITSTATUS(status));
}

[[nodiscard]] std::string wanted(const profile::Server& server) {
    if (server.ready) {
        return fmt::format("has not printed what `ready` waits for ({})",
                           event::printable(server.ready->text()));
    }
    return server.port ? fmt::format("does not listen on the port {}", *server.port)
                       : std::string("listens on no port");
}

}  // namespace

/// Everybody's, as /dev/shm is: servers that become another user have shared memory there.
tl::expected<void, Error> make_room(bool private_mounts) {
    constexpr unsigned long flags = MS_NOSUID | MS_NODEV;
    if (!private_mounts || mount("tmpfs", room, "tmpfs", flags, "mode=1777") != 0) {
        return tl::unexpected(Error{
            Error::Kind::not_permitted,
            fmt::format("Servers of a run have their folders in a private file system, and "
                        "ghostpeer may not mount one on {} here ({}). Start the container with "
                        "'--security-opt apparmor=unconfined', or run the servers elsewhere and "
                        "relay to HOST:PORT.",
                        room, private_mounts ? std::strerror(errno) : "no private mounts")});
    }
    return {};
}

tl::expected<void, Error> Opening::open(const FileDescriptor& children) {
    for (std::size_t i = 0; i < cast_.servers.size(); ++i) {
        if (auto started = start(i); !started) {
            return started;
        }
        if (auto ready = await(children); !ready) {
            return ready;
        }
    }
    open_ = true;
    return {};
}

tl::expected<void, Error> Opening::start(std::size_t index) {
    const profile::Server& server = cast_.servers[index];
    if (server.port && taken_.contains(*server.port)) {
        return sandbox::failed(fmt::format(
            "{} is to listen on the port {}, and a server that was started before it does so "
            "already: they share one network. Give it another port.",
            name_of(server), *server.port));
    }
    const std::string folder = fmt::format("{}/{}", room, server.name);
    std::array<int, 2> output{-1, -1};
    // Some servers become another user first, and nobody else is here.
    if (mkdir(folder.c_str(), 0777) != 0 || chmod(folder.c_str(), 0777) != 0 ||
        pipe2(output.data(), O_CLOEXEC) != 0) {
        return sandbox::failed(
            fmt::format("{} cannot be started: {}.", name_of(server), std::strerror(errno)));
    }
    Running one;
    one.index = index;
    one.output = FileDescriptor(output[0]);
    const FileDescriptor writer(output[1]);
    fcntl(one.output.get(), F_SETFL, O_NONBLOCK);
    const FileDescriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    std::error_code none;
    Program program{server.command,
                    {"GHOSTPEER_FOLDER=" + std::filesystem::current_path(none).string()}};
    program.folder = folder;
    program.input = nothing.get();
    program.output = writer.get();
    program.errors = writer.get();
    const auto pid = start_program(program);
    if (!pid) {
        const std::string& name = server.command.front();
        Error error = sandbox::explain_execution(name, pid.error(), false);
        return tl::unexpected(
            Error{error.kind, fmt::format("{}: {}", name_of(server), error.message)});
    }
    one.pid = *pid;
    running_.push_back(std::move(one));
    return {};
}

tl::expected<void, Error> Opening::await(const FileDescriptor& children) {
    const loop::Clock clock;
    Running& one = running_.back();
    const profile::Server& server = cast_.servers[one.index];
    std::optional<Instant> gone_at;
    while (true) {
        std::vector<pollfd> ready{{children.get(), POLLIN, 0}};
        watch(ready);
        static_cast<void>(poll(ready.data(), ready.size(), between_looks_ms));
        signalfd_siginfo info{};
        [[maybe_unused]] const auto size = read(children.get(), &info, sizeof info);
        int status = 0;
        for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
            ended(pid, status);
        }
        read_outputs();
        const Instant now = clock.now();
        if (one.status && !gone_at) {
            gone_at = now;
        }
        const auto ports = listening_ports();
        auto port = server.port
                        ? ports.find(*server.port)
                        : std::find_if(ports.begin(), ports.end(), [&](const auto& any) {
                              return std::none_of(cast_.servers.begin(), cast_.servers.end(),
                                                  [&](const profile::Server& other) {
                                                      return other.port == any.first;
                                                  }) &&
                                     !taken_.contains(any.first);
                          });
        const bool listens = port != ports.end();
        if (server.ready ? one.said_ready && (listens || server.port) : listens) {
            StageMessage news;
            news.type = StageMessage::Type::ready;
            news.index = static_cast<std::uint32_t>(one.index);
            news.value = listens ? port->first : *server.port;
            news.token = listens && port->second ? 1 : 0;
            send_stage_message(channel_, news);
            one.port = static_cast<std::uint16_t>(news.value);
            for (const auto& [taken, ipv6] : ports) {
                taken_.insert(taken);
            }
            return {};
        }
        const bool failed = one.status && *one.status != 0;
        if (failed || (gone_at && now - *gone_at >= patience_with_daemons)) {
            return sandbox::failed(fmt::format(
                "{} ended at once, {}: it has to stay, in the foreground, and to listen. Its "
                "folder is a fresh one; that of ghostpeer is $GHOSTPEER_FOLDER there.{}",
                name_of(server), end_of(*one.status), shown(one.tail)));
        }
        if (now - run_start >= server.within) {
            return sandbox::failed(
                fmt::format("{} {} after {}. Correct its command or the port, or give it more time "
                            "(`within`, in a profile's `servers`).{}",
                            name_of(server), wanted(server), event::format_length(server.within),
                            shown(one.tail)));
        }
    }
}

void Opening::watch(std::vector<pollfd>& ready) const {
    for (const Running& one : running_) {
        if (one.output) {
            ready.push_back({one.output.get(), POLLIN, 0});
        }
    }
}

void Opening::read_outputs() {
    for (Running& one : running_) {
        if (one.output) {
            read_output(one);
        }
    }
}

void Opening::read_output(Running& one) {
    std::array<char, 4096> piece{};
    const ssize_t got = read(one.output.get(), piece.data(), piece.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        one.output.reset();
        return;
    }
    one.tail.append(piece.data(), static_cast<std::size_t>(got));
    const auto& pattern = cast_.servers[one.index].ready;
    if (!open_ && pattern && !one.said_ready) {
        one.said_ready = pattern->found_in(one.tail);
    }
    if (one.tail.size() > longest_tail) {
        one.tail.erase(0, one.tail.size() - longest_tail);
    }
}

void Opening::ended(pid_t pid, int status) {
    const auto found = std::find_if(running_.begin(), running_.end(), [pid](const Running& one) {
        return one.pid == pid && !one.status;
    });
    if (found == running_.end()) {
        return;
    }
    found->status = status;
    if (found->output) {
        read_output(*found);
    }
    // One that has gone to the background listens on.
    if (!open_ || (status == 0 && listening_ports().contains(found->port))) {
        return;
    }
    StageMessage news;
    news.type = StageMessage::Type::server_ended;
    news.index = static_cast<std::uint32_t>(found->index);
    news.value = status;
    news.text =
        fmt::format("{} ended {} while the run went on.{}", name_of(cast_.servers[found->index]),
                    end_of(status), last_words(found->tail));
    send_stage_message(channel_, news);
}

}  // namespace ghostpeer::servers
