// A profile: how one peer behaves, as plain data.
#pragma once

#include "ghostpeer/profile/expectation.hpp"
#include "ghostpeer/profile/rule.hpp"
#include "ghostpeer/profile/script.hpp"
#include "ghostpeer/tcp/config.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace ghostpeer::profile {

struct IpConfig {
    std::uint8_t ttl = 64;
    std::uint8_t tos = 0;
    bool dont_fragment = true;
};

/// Reads and forgets.
struct Discard {
    std::optional<Rate> rate;
};
struct Echo {};
/// Never reads, so it never notices that the other side has finished.
struct Hold {};
/// Sends bytes without being asked, from the moment the connection is established.
struct Source {
    std::optional<std::uint64_t> bytes;  ///< unset: for ever
    std::optional<Rate> rate;
};
/// Answers once the pattern has arrived (again for each time that it arrives).
struct Respond {
    std::shared_ptr<const wire::Bytes> content;
    std::optional<std::string> when;  ///< unset: any data
    std::optional<Rate> rate;
    bool then_close = false;  ///< close after the answer
    /// Close after the answer to what has this in it; needs `when`, which ends what is answered.
    std::optional<std::string> close_when;
};

/// The bytes of somebody behind the peer through this TCP.
struct Relay {
    enum class To : std::uint8_t {
        host,         ///< a real server, at `host` and `port`
        original,     ///< the one at the address and port that the client asked for
        server,       ///< one that the run has started, whose name is `host`
        process,      ///< `exec`: one process for each connection
        name_server,  ///< ghostpeer's own, for DNS over TCP; no profile can ask for it
    };
    To to = To::host;
    std::string host;                    ///< a name or an address, without brackets
    std::uint16_t port = 0;              ///< 1..65535
    std::vector<std::string> command{};  ///< of `process`: a program and its arguments
    std::uint32_t processes = 64;        ///< of `process`: so many of that command at once
    Place place{};                       ///< of `server` and `process`
};

/// A program that listens, behind the peer, for as long as the run lasts.
struct Server {
    std::string name;                   ///< a host's name
    std::vector<std::string> command;   ///< a program and its arguments
    std::optional<std::uint16_t> port;  ///< that it listens on; unset: the first that it does
    std::optional<Pattern> ready;       ///< unset: it is ready once it listens
    Duration within = std::chrono::seconds(10);  ///< it is ready by then
    Place place{};                               ///< no file: the command line's
};

using Service = std::variant<Discard, Echo, Hold, Source, Respond, Relay, Script>;

/// Who opens the connections: the program (the peer is a server), or the peer.
enum class Role : std::uint8_t { server, client };

/// What one connection of a client has come to when the next one begins.
enum class After : std::uint8_t {
    closed,    ///< it is over
    response,  ///< the program has said something on it, or it is over
};

/// The connections that a peer with `role: client` opens to the program.
struct Client {
    std::optional<std::uint16_t> port;         ///< of the program; unset: the command line says it
    std::uint32_t connections = 1;             ///< at each of its times, 1 to a million
    std::optional<double> rate;                ///< of them per second; unset: all at once
    std::optional<std::uint16_t> source_port;  ///< of the first one, the next has the next
    /// Each has the next address of these, and after the last the first again; empty: all have the
    /// peer's own. With `source_port` the port is the next one only then.
    std::vector<wire::AddressBlock> sources;
    /// Since the program listens, or since the command of `on`; in order. Empty: at once.
    std::vector<Duration> at;
    std::optional<After> after;  ///< one after the other; unset: together, or at their `rate`
    std::string on;              ///< the command that has them begin, each time; empty: none
};

enum class AfterEof : std::uint8_t { close, keep_open };

struct Profile;

/// How the peer behaves towards the attempts of these numbers.
struct AttemptBehaviour {
    Range attempts;
    std::shared_ptr<const Profile> profile;  ///< never null; has no `attempts` of its own
};

/// A text that a profile was read from.
struct SourceFile {
    std::string name;  ///< as the user, or the profile that names it, wrote it
    std::string text;
};

struct Profile {
    std::string name;  ///< catalogue name, or the path as the user wrote it
    std::string summary;
    std::string details;
    std::vector<std::string> parameters;  ///< names that may be set, its own and inherited; sorted
    Role role = Role::server;
    Client client;
    tcp::Config tcp;
    IpConfig ip;
    std::shared_ptr<const Link> link;  ///< null: nothing is said of it
    Service service = Discard{};
    AfterEof after_eof = AfterEof::close;
    /// `tcp` (more than `nagle`), `ip`, `after_eof` or a service is said: the peer is to each
    /// connection something else than `healthy`, without any rule.
    bool constant_fault = false;
    /// It is one by its answer alone, `service: respond`, which may never be asked for.
    bool fault_in_answer = false;
    std::vector<std::string> phases{""};     ///< the first is that of the top rules
    std::vector<Rule> rules;                 ///< of all phases; rules[i].id == i
    std::vector<AttemptBehaviour> attempts;  ///< the first that fits wins
    std::vector<Expectation> expect;         ///< in the file's order
    std::vector<std::pair<std::string, std::string>> sysctl;  ///< full name, value; in order
    std::vector<Server> servers;                              ///< in the file's order
    /// That it was read from, the one that was asked for first; what its `attempts` name is last.
    std::vector<SourceFile> files;
    std::vector<std::pair<std::string, std::string>> given;  ///< parameters, with their values
    std::vector<std::string> folders;  ///< of the files that it was read from, and that it names
    std::vector<std::string> remarks;  ///< what it does not say aloud, complete sentences
};

}  // namespace ghostpeer::profile
