#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "posix/file_descriptor.hpp"
#include "sandbox/error.hpp"
#include "sandbox/inheritance.hpp"

namespace ghostpeer::sandbox {

/// The program's own addresses and its gateway, the peer (RFC 2544, RFC 5180 benchmark ranges).
inline constexpr const char* program_address_v4 = "198.18.0.1";
inline constexpr const char* program_address_v6 = "2001:2::1";
inline constexpr const char* peer_address_v4 = "198.18.0.2";
inline constexpr const char* peer_address_v6 = "2001:2::2";

using MacAddress = std::array<std::uint8_t, 6>;

/// The ends of a veth pair. Locally administered; the namespace is private, so they may be the same
/// in each.
inline constexpr MacAddress program_mac = {0x02, 0x67, 0x70, 0x00, 0x00, 0x01};
inline constexpr MacAddress peer_mac = {0x02, 0x67, 0x70, 0x00, 0x00, 0x02};

/// ghostpeer's end of the link, and the name of the program's end.
struct LinkEnd {
    FileDescriptor fd;
    std::string interface;
    /// Set: the link is Ethernet, and this static neighbour is the peer. Not set: bare IP packets.
    std::optional<MacAddress> gateway_mac;
    /// Anything worth telling the user, such as why a second choice was taken. May be empty.
    std::string remark;
    /// What comes along with `fd`, four at most.
    std::vector<FileDescriptor> companions{};
    /// What stays open inside for as long as COMMAND may run, and does not come back.
    std::vector<FileDescriptor> held{};
    std::string peer_interface{};  ///< on Ethernet: the other end of the pair
};

/// What becomes of the program's interface while it runs.
enum class InterfaceState : std::uint8_t { up, down, no_carrier, no_route };

/// The interface that every network namespace has. Where it is the link, it keeps its own addresses
/// and routes.
inline constexpr const char* loopback_interface = "lo";

/// One more address for the calling process's `lo`. Meant for Spec::open_link.
[[nodiscard]] tl::expected<void, Error> add_loopback_address(const std::string& address);

/// A pair of virtual Ethernet interfaces in the calling process's network namespace.
struct VethPair {
    MacAddress program_mac;
    MacAddress peer_mac;
};

/// Creates the pair. The peer's end is up and silent (no IPv6, no ARP). The program's end is left
/// down for the sandbox to configure; its checksum offload (and with it TSO) is off, so that the
/// peer's end sees complete segments. Meant for Spec::open_link.
[[nodiscard]] tl::expected<VethPair, Error> create_veth(const std::string& program_interface,
                                                        const std::string& peer_interface);

/// Who watches COMMAND from its first step.
struct Tracer {
    std::vector<std::string> command;  ///< strace and its options, without `-o`
    int output = -1;                   ///< where it writes
};

struct Spec {
    struct Host {
        std::string name;
        std::vector<std::string> addresses;
    };

    /// Program and arguments; the program is looked up in PATH if it holds no slash.
    std::vector<std::string> command;
    /// Added to the environment; an existing variable is replaced.
    std::vector<std::pair<std::string, std::string>> environment;
    /// Set: a TCP socket listens on COMMAND's loopback, and this variable says at which address.
    std::string door_variable;
    /// Taken out of it: what another ghostpeer, around this one, said to this one.
    std::vector<std::string> unset;
    /// Closed inside at once: what ends with the calling process must not live on in another.
    std::vector<int> kept_outside;
    /// Put into a private /etc/hosts; what the host's file says about these names is left out. One
    /// without addresses is the name server's alone.
    std::vector<Host> hosts;
    /// The only server of a private /etc/resolv.conf, where there can be one; empty: none.
    std::string name_server;
    /// It alone knows some of the names: a private /etc/resolv.conf has to be.
    bool names_by_server = false;
    /// Sysctl names below "net." and values, written in order after the interface is configured.
    std::vector<std::pair<std::string, std::string>> sysctls;
    /// MTU of the interface, 68 to 65535; below 1280 there is no IPv6 (RFC 8200 section 5). 65535
    /// leaves `lo` its own, which is 65536.
    std::uint16_t mtu = 1500;
    /// Not set: COMMAND gets an empty signal mask, default dispositions and every descriptor
    /// that is not close-on-exec.
    std::optional<Inheritance> inheritance;
    /// What COMMAND gets as its standard output and error; -1: what the caller has.
    std::array<int, 2> output{-1, -1};
    /// Set: COMMAND runs under it.
    std::optional<Tracer> tracer;
    /// Runs inside the namespace with its privileges, before addresses and routes, in another
    /// process: what it changes in captured variables is lost, only LinkEnd comes back.
    std::function<tl::expected<LinkEnd, Error>()> open_link;
    /// Runs in this process while the namespaces are made in another one. May be empty.
    std::function<void()> meanwhile;
};

struct ExitStatus {
    bool signaled = false;  ///< `value` is the signal that ended COMMAND, else its exit status.
    int value = 0;
    bool core_dumped = false;
    /// The sandbox's own helper was killed from outside, and COMMAND with it.
    bool helper_lost = false;
};

/// Private network, mount and PID namespaces (and a user namespace where the caller lacks
/// privileges) with one process, COMMAND, and whatever it starts. However this object or the
/// calling process ends, nothing of it survives.
class Sandbox {
  public:
    /// Makes and configures the namespaces; COMMAND does not run yet. Call it while the process
    /// has one thread. Takes milliseconds and blocks.
    [[nodiscard]] static tl::expected<Sandbox, Error> prepare(Spec spec);

    Sandbox(Sandbox&& other) noexcept;
    Sandbox& operator=(Sandbox&& other) noexcept;
    Sandbox(const Sandbox&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;
    ~Sandbox();

    /// What open_link returned, its descriptor valid in this process.
    [[nodiscard]] LinkEnd& link_end() { return link_; }
    [[nodiscard]] FileDescriptor& link() { return link_.fd; }

    /// A NETLINK_SOCK_DIAG socket of the namespace, non-blocking; empty if the kernel has none.
    [[nodiscard]] FileDescriptor& diag() { return diag_; }
    /// Another one: a socket takes one question at a time.
    [[nodiscard]] FileDescriptor& listen_diag() { return listen_diag_; }

    /// The process that holds the namespaces.
    [[nodiscard]] pid_t helper() const noexcept { return helper_; }

    /// /proc/net/netstat of the namespace; empty if it cannot be had.
    [[nodiscard]] FileDescriptor& netstat() { return netstat_; }

    /// Starts COMMAND with the caller's working directory, process group and terminal. Returns
    /// when it was executed, or why it was not: Kind::not_found, Kind::not_executable.
    [[nodiscard]] tl::expected<void, Error> launch();
    /// After launch(): which of the files that it finds names with COMMAND shares with the machine,
    /// complete sentences; empty: none.
    [[nodiscard]] const std::string& shared_files() const noexcept { return shared_files_; }

    /// After launch(): what listens on COMMAND's loopback, non-blocking; empty: none is wanted, or
    /// there can be none.
    [[nodiscard]] FileDescriptor& door() { return door_; }

    /// Readable when COMMAND has ended (or the helper was lost): call poll_exit() then.
    [[nodiscard]] int status_fd() const { return control_.get(); }

    /// COMMAND's end, if it has ended; does not block. The same answer ever after.
    [[nodiscard]] std::optional<ExitStatus> poll_exit();

    /// Brings the program's interface into that state, and waits until it is.
    [[nodiscard]] tl::expected<void, Error> set_interface(InterfaceState to);

    /// Sends a signal to COMMAND, if it still runs. Note that the terminal's own signals (Ctrl-C)
    /// have reached COMMAND already: it is in ghostpeer's process group.
    void signal(int number);

    /// Sends a signal to every process in the sandbox.
    void signal_all(int number);

    /// SIGKILL for the helper, and with it for everything in the sandbox, also where the helper
    /// obeys no more because somebody has stopped it. Does not wait.
    void kill_helper();

    /// Ends everything in the sandbox by SIGKILL and waits until it is gone, but not for ever:
    /// whoever traces one of the processes has the last word on its end (ptrace(2)). May be
    /// repeated. False: something was left to its end.
    bool kill();

  private:
    Sandbox() = default;

    /// The process that makes the namespaces; it waits for a word.
    [[nodiscard]] tl::expected<void, Error> begin_helper(Spec& spec, bool user_namespace);
    /// Takes what the helper has opened.
    [[nodiscard]] tl::expected<void, Error> become_ready();
    [[nodiscard]] Error helper_died();
    [[nodiscard]] bool await_helper(int& status) const;
    /// It has been waited for, so that its number may be another's.
    void forget_helper() noexcept;

    pid_t helper_ = -1;
    FileDescriptor control_;
    LinkEnd link_;
    FileDescriptor diag_;
    FileDescriptor listen_diag_;
    FileDescriptor netstat_;
    FileDescriptor door_;
    std::vector<std::string> command_;
    std::string shared_files_;
    std::optional<ExitStatus> exit_;
};

}  // namespace ghostpeer::sandbox
