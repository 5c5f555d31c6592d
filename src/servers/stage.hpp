// Where programs run that stand behind the peer: processes for connections, and servers.
#pragma once

#include "ghostpeer/profile/profile.hpp"
#include "posix/file_descriptor.hpp"
#include "sandbox/error.hpp"
#include "servers/stage_message.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::servers {

/// What a stage may start; nothing else can be asked of it later.
struct Cast {
    std::vector<std::vector<std::string>> commands;  ///< of `exec`
    std::vector<profile::Server> servers;            ///< started one after the other
    bool own_network = false;                        ///< a network with nothing but `lo`; else the
                                                     ///< caller's own
    std::vector<int> kept_outside;                   ///< closed inside at once
};

/// Where a server listens.
struct Place {
    std::uint16_t port = 0;
    bool ipv6 = false;  ///< on ::1 alone, not on 127.0.0.1
};

/// A process in PID and mount namespaces of its own (and a user namespace where the caller lacks
/// privileges) that starts others there, as the caller's user: whoever confines itself can start
/// nothing any more. However this object or the calling process ends, nothing of it survives.
class Stage {
  public:
    /// Call it while the process has one thread. Returns once every server is ready.
    [[nodiscard]] static tl::expected<Stage, sandbox::Error> begin(const Cast& cast);

    Stage(Stage&& other) noexcept = default;
    Stage& operator=(Stage&& other) = delete;
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    /// Ends everything by SIGKILL and waits until it is gone, but not for ever.
    ~Stage();

    /// Readable when it has something to say.
    [[nodiscard]] int fd() const noexcept { return channel_.get(); }
    /// False: the stage is gone, and everything with it.
    bool send(const StageMessage& message) const { return send_stage_message(channel_, message); }
    [[nodiscard]] Heard next(StageMessage& message) const {
        return receive_stage_message(channel_, message, false);
    }
    /// Of the servers, in the order of the cast.
    [[nodiscard]] const std::vector<Place>& places() const noexcept { return places_; }

  private:
    Stage() = default;

    [[nodiscard]] tl::expected<void, sandbox::Error> become_ready(std::size_t servers);

    FileDescriptor channel_;
    std::vector<Place> places_;
};

}  // namespace ghostpeer::servers
