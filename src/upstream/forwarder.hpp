// DNS questions for the host's own name servers.
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "ghostpeer/wire/time.hpp"
#include "posix/file_descriptor.hpp"
#include "upstream/socket.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::upstream {

/// The `nameserver` lines of a resolv.conf(5); where there are none, 127.0.0.1, as in the C
/// library.
[[nodiscard]] std::vector<wire::Endpoint> parse_name_servers(std::string_view resolv_conf);
/// The same of the machine's own file.
[[nodiscard]] std::vector<wire::Endpoint> host_name_servers();

/// Asks one server after the other, two seconds each, two times at most. It never blocks.
class Forwarder {
  public:
    struct Answer {
        std::uint64_t token = 0;
        std::vector<std::uint8_t> message;  ///< empty: no server has answered
    };

    explicit Forwarder(std::vector<wire::Endpoint> servers);

    /// Readable when there is something to do.
    [[nodiscard]] int fd() const noexcept { return epoll_.get(); }
    /// `message` is a whole DNS message; over TCP where `stream` is true. Beyond 1024 questions at
    /// a time there is no answer at once.
    void ask(std::uint64_t token, std::span<const std::uint8_t> message, bool stream, Instant now);
    void handle(Instant now);
    void on_time(Instant now);
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept;
    [[nodiscard]] std::vector<Answer> take();

  private:
    struct Question {
        std::uint64_t token = 0;
        std::vector<std::uint8_t> message;
        bool stream = false;
        unsigned tries = 0;
        Instant give_up{};
        FileDescriptor datagrams;  ///< connected, so that only the server asked can answer
        Socket connection;
        std::vector<std::uint8_t> received;  ///< of a stream
    };
    using Questions = std::map<std::uint64_t, Question>;

    /// The next server that can be asked; without one the question is over.
    void try_next(std::uint64_t key, Instant now);
    [[nodiscard]] bool send(std::uint64_t key, Question& question);
    [[nodiscard]] bool receive_stream(Question& question, bool& failed);
    void finish(std::uint64_t key, std::vector<std::uint8_t> message);
    /// False: nobody would hear of an answer.
    [[nodiscard]] bool watch(int fd, std::uint64_t key, bool writing, bool known) const;

    std::vector<wire::Endpoint> servers_;
    FileDescriptor epoll_;
    Questions questions_;
    std::vector<Answer> answers_;
    std::uint64_t asked_ = 0;
};

}  // namespace ghostpeer::upstream
