#include "access/control_part.hpp"

#include "posix/file_descriptor.hpp"
#include "posix/message.hpp"
#include "setup/version.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>

namespace ghostpeer::access {
namespace {

[[nodiscard]] std::string make_token() {
    std::array<unsigned char, 24> bytes{};
    std::string token;
    if (getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size())) {
        for (const unsigned char byte : bytes) {
            token += fmt::format("{:02x}", byte);
        }
    }
    return token;
}

[[nodiscard]] tl::expected<std::string, std::string> read_token(const std::string& path) {
    // Signals are caught by now: nothing may be waited for, as a pipe's writer would be.
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    constexpr std::size_t longest = 4096;
    constexpr std::size_t shortest = 8;
    std::string token(longest, '\0');
    constexpr int patience_ms = 1000;
    pollfd ready{file.get(), POLLIN, 0};
    static_cast<void>(::poll(&ready, 1, patience_ms));
    const ssize_t size = file ? ::read(file.get(), token.data(), token.size()) : -1;
    if (size < 0) {
        return tl::make_unexpected(fmt::format("--control-token-file {}: it cannot be read: {}.",
                                               path, std::strerror(errno)));
    }
    token.resize(static_cast<std::size_t>(size));
    const auto printable = [](unsigned char c) { return std::isgraph(c) != 0; };
    token.erase(std::find_if_not(token.begin(), token.end(), printable), token.end());
    if (token.size() < shortest) {
        return tl::make_unexpected(
            fmt::format("--control-token-file {}: its first line has to be "
                        "a token of at least {} printable characters.",
                        path, shortest));
    }
    return token;
}

[[nodiscard]] std::vector<std::string> names_of(const setup::Peers& peers) {
    std::vector<std::string> names;
    for (const peer::PeerSpec& spec : peers.specs) {
        names.push_back(spec.name);
    }
    return names;
}

}  // namespace

tl::expected<std::optional<ControlAccess>, std::string> open_control(
    const setup::CommonOptions& options, bool by_default,
    const std::optional<control::Owner>& owner) {
    if (!options.control && !by_default) {
        return std::nullopt;
    }
    if (options.control == "off") {
        return std::nullopt;
    }
    if (!options.control || *options.control == "private") {
        auto listener = control::Listener::open_private();
        if (listener) {
            return ControlAccess{std::move(*listener), {}, false, make_token()};
        }
        if (options.control) {
            return tl::make_unexpected(listener.error());
        }
        complain("COMMAND has no control interface. " + listener.error());
        return std::nullopt;
    }
    const auto address = control::parse_address(*options.control);
    if (!address) {
        return tl::make_unexpected("--control: " + address.error());
    }
    std::optional<std::string> token;
    if (options.control_token_file) {
        auto read = read_token(*options.control_token_file);
        if (!read) {
            return tl::make_unexpected(read.error());
        }
        token = std::move(*read);
    }
    const bool made_up = address->is_tcp() && !token;
    if (made_up) {
        token = make_token();
        if (token->empty()) {
            return tl::make_unexpected(
                "No token can be made up for --control, because the kernel gives no random "
                "numbers; give one with --control-token-file.");
        }
    }
    auto listener = control::Listener::open(*address, owner);
    if (!listener) {
        return tl::make_unexpected(listener.error());
    }
    const bool of_command = by_default && !address->is_tcp();
    return ControlAccess{std::move(*listener), std::move(token), made_up,
                         of_command ? make_token() : std::string()};
}

std::string describe_control(const setup::CommonOptions& options, const ControlAccess& access) {
    if (!options.control) {
        return {};
    }
    return access.made_up ? fmt::format("The control interface is at {}; its token is {}.",
                                        access.address(), *access.token)
                          : fmt::format("The control interface is at {}.", access.address());
}

ControlPart::ControlPart(const ControlAccess& access, const loop::Clock& clock,
                         peer::Engine& engine, loop::Sinks& sinks, const setup::Peers& peers,
                         Wanted wanted)
    // The thread may outlive the clock.
    : control_(std::make_unique<control::Control>(control::Control::Parts{
          access.listener, engine, names_of(peers),
          [&sinks](std::unique_ptr<event::Sink> sink) { sinks.add(std::move(sink)); },
          [](const std::string& sentence) { complain(sentence, no_patience); },
          [clock] { return clock.now(); }, version, access.token, peers.relays,
          std::move(wanted.run), wanted.places, std::move(wanted.watch_sockets),
          std::move(wanted.list_sockets)})) {}

bool ControlPart::end() {
    const bool ended = control_->end();
    if (!ended) {
        static_cast<void>(control_.release());
    }
    return ended;
}

}  // namespace ghostpeer::access
