#include "syscalls/parser.hpp"

#include "syscalls/arguments.hpp"
#include "syscalls/selection.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace ghostpeer;
using namespace ghostpeer::syscalls;
using namespace std::chrono_literals;

namespace {

/// Recorded from strace 6.1.
constexpr std::string_view recorded =
    "7     1795878166.278239821 connect(4<TCPv6:[3700856]>, {sa_family=AF_INET6, "
    "sin6_port=htons(49315), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \"::1\", &sin6_addr), "
    "sin6_scope_id=0}, 28) = 0 <0.000100851>\n"
    "7     1795878166.280067360 accept4(3<TCPv6:[[::1]:49315]>, {sa_family=AF_INET6, "
    "sin6_port=htons(40578), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \"::1\", &sin6_addr), "
    "sin6_scope_id=0}, [28], SOCK_CLOEXEC) = 5<TCPv6:[[::1]:49315->[::1]:40578]> <0.000018675>\n"
    "7     1795878166.305565470 poll([{fd=4<TCPv6:[[::1]:40578->[::1]:49315]>, events=POLLIN}, "
    "{fd=5<TCPv6:[[::1]:49315->[::1]:40578]>, events=POLLIN}], 2, 30) = 0 (Timeout) "
    "<0.030182354>\n"
    "7     1795878166.337554604 pselect6(6, [4<TCPv6:[[::1]:40578->[::1]:49315]>], "
    "[5<TCPv6:[[::1]:49315->[::1]:40578]>], NULL, {tv_sec=1, tv_nsec=0}, NULL) = 1 (out [5], left "
    "{tv_sec=0, tv_nsec=999996834}) <0.000084400>\n"
    "7     1795878166.338226820 sendto(9<UNIX-STREAM:[3700875->3700876]>, \"a\\\"b) = 1\\n<x>\", "
    "12, 0, NULL, 0) = 12 <0.000017023>\n"
    "7     1795878166.342725171 recvfrom(4<TCPv6:[[::1]:40578->[::1]:49315]>, 0x7f3c8fa147a0, 1, "
    "0, NULL, NULL) = ? ERESTARTSYS (To be restarted if SA_RESTART is set) <0.099397694>\n"
    "7     1795878166.442000000 --- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---\n"
    "7     1795878166.995768166 recvfrom(4<TCP:[127.0.0.1:35822->127.0.0.1:52689]>, "
    "0x7ff1930c9af0, 5, 0, NULL, NULL) = -1 ECONNRESET (Connection reset by peer) <3.200091945>\n"
    "7     1795878170.996983042 close(3</dev/null<char 1:3>>) = 0 <0.000033103>\n";

/// A thread that is faster than the call that makes it, calls across one another, and an end by
/// execve() of another thread.
constexpr std::string_view threads =
    "13    1795876970.000000001 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD, child_tid=0x7ff192, "
    "stack_size=0x7fff00} <unfinished ...>\n"
    "14    1795876970.775431450 accept4(3<TCP:[127.0.0.1:52689]>,  <unfinished ...>\n"
    "13    1795876970.776000000 <... clone3 resumed> => {parent_tid=[14]}, 88) = 14 <0.003>\n"
    "14    1795876970.789068692 <... accept4 resumed>{sa_family=AF_INET, sin_port=htons(35822), "
    "sin_addr=inet_addr(\"127.0.0.1\")}, [16], SOCK_CLOEXEC) = "
    "5<TCP:[127.0.0.1:52689->127.0.0.1:35822]> <0.013578740>\n"
    "13    1795876970.997129110 clone(child_stack=NULL, "
    "flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7ff193e4ce50) = 20 "
    "<0.001190901>\n"
    "20    1795876971.047313168 connect(4<UNIX-STREAM:[3436616]>, {sa_family=AF_UNIX, "
    "sun_path=\"/nonexist\"}, 12) = -1 ENOENT (No such file or directory) <0.000191143>\n"
    "20    1795876971.060000000 +++ exited with 3 +++\n"
    "14    1795876971.100000000 recvfrom(5<TCP:[127.0.0.1:52689->127.0.0.1:35822]>,  <unfinished "
    "...>\n"
    "13    1795876972.000000000 execve(\"/bin/sh\", [\"sh\"], 0x7ffc64d47818 /* 44 vars */ "
    "<unfinished ...>\n"
    "14    1795876972.100000000 <... recvfrom resumed> <unfinished ...>) = ?\n"
    "14    1795876972.200000000 +++ exited with 0 +++\n"
    "13    1795876972.300000000 <... execve resumed>) = 0 <0.3>\n";

std::vector<Call> calls_in(std::string_view text, std::size_t piece = 4096) {
    Parser parser;
    std::vector<Call> calls;
    while (!text.empty()) {
        parser.feed(text.substr(0, piece), calls);
        text.remove_prefix(std::min(piece, text.size()));
    }
    CHECK(parser.unreadable() == 0);
    return calls;
}

Instant since_1970(std::int64_t seconds, std::int64_t nanoseconds) {
    return Instant(std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanoseconds));
}

}  // namespace

TEST_CASE("system calls: what they were given and what they returned") {
    const auto calls = calls_in(recorded);
    REQUIRE(calls.size() == 8);
    CHECK(calls[0].name == "connect");
    CHECK(calls[0].process == 7);
    CHECK(calls[0].thread == 7);
    CHECK(calls[0].descriptor == 4);
    CHECK(calls[0].result == 0);
    CHECK(calls[0].began == since_1970(1795878166, 278239821));
    CHECK(calls[0].took == 100851ns);
    CHECK(calls[1].result == 5);
    CHECK(calls[1].result_descriptor == "TCPv6:[[::1]:49315->[::1]:40578]");
    CHECK_FALSE(calls[2].descriptor);
    CHECK(calls[2].result == 0);
    CHECK(calls[2].detail == "Timeout");
    CHECK(calls[3].detail == "out [5], left {tv_sec=0, tv_nsec=999996834}");
    CHECK(calls[4].arguments ==
          "9<UNIX-STREAM:[3700875->3700876]>, \"a\\\"b) = 1\\n<x>\", 12, 0, NULL, 0");
    CHECK(calls[4].result == 12);
    CHECK_FALSE(calls[5].result);
    CHECK(calls[5].error == "ERESTARTSYS");
    CHECK(calls[5].returned);
    CHECK(calls[6].result == -1);
    CHECK(calls[6].error == "ECONNRESET");
    CHECK(calls[6].took == 3200091945ns);
    CHECK(calls[7].arguments == "3</dev/null<char 1:3>>");
}

TEST_CASE("system calls: pieces of any size give the same") {
    const auto whole = calls_in(threads);
    for (const std::size_t piece : {1U, 7U, 100U}) {
        const auto calls = calls_in(threads, piece);
        REQUIRE(calls.size() == whole.size());
        for (std::size_t i = 0; i < calls.size(); ++i) {
            CHECK(calls[i].arguments == whole[i].arguments);
        }
    }
}

TEST_CASE("system calls: threads, processes, and calls across one another") {
    const auto calls = calls_in(threads);
    REQUIRE(calls.size() == 6);
    CHECK(calls[0].name == "clone3");
    CHECK(calls[1].name == "accept4");
    CHECK(calls[1].thread == 14);
    CHECK(calls[1].process == 13);
    CHECK(calls[1].began == since_1970(1795876970, 775431450));
    CHECK(calls[1].took == 13578740ns);
    CHECK(calls[1].arguments ==
          "3<TCP:[127.0.0.1:52689]>, {sa_family=AF_INET, sin_port=htons(35822), "
          "sin_addr=inet_addr(\"127.0.0.1\")}, [16], SOCK_CLOEXEC");
    CHECK(calls[3].process == 20);
    CHECK(calls[3].error == "ENOENT");
    CHECK(calls[4].name == "recvfrom");
    CHECK_FALSE(calls[4].returned);
    CHECK_FALSE(calls[4].result);
    CHECK(calls[4].process == 13);
    CHECK(calls[4].arguments == "5<TCP:[127.0.0.1:52689->127.0.0.1:35822]>");
    CHECK(calls[4].took == 1100ms);
    CHECK(calls[5].name == "execve");
    CHECK(calls[5].result == 0);
}

TEST_CASE("system calls: what has not returned at the end is told, also of half a line") {
    for (const std::string_view end : {" <unfinished ...>\n", ""}) {
        Parser parser;
        std::vector<Call> calls;
        parser.feed("5  100.000000001 recvfrom(5<TCP:[10.0.0.1:1->10.0.0.2:2]>, ", calls);
        parser.feed(end, calls);
        CHECK(calls.empty());
        CHECK_FALSE(parser.idle());
        parser.finish(105s + 1ns, calls);
        REQUIRE(calls.size() == 1);
        CHECK(calls[0].descriptor == 5);
        CHECK_FALSE(calls[0].returned);
        CHECK(calls[0].took == 5s);
        CHECK(calls[0].arguments == "5<TCP:[10.0.0.1:1->10.0.0.2:2]>");
        CHECK(parser.idle());
    }
}

TEST_CASE("system calls: one that a signal interrupts has not returned if its thread ends of it") {
    constexpr std::string_view call =
        "5  100.0 recvfrom(5<TCP:[10.0.0.1:1->10.0.0.2:2]>, 0x7f3c8fa147a0, 1, 0, NULL, NULL) = ? "
        "ERESTARTSYS (To be restarted if SA_RESTART is set) <4.9>\n";
    Parser parser;
    std::vector<Call> calls;
    parser.feed(call, calls);
    CHECK(calls.empty());
    parser.feed("5  105.0 +++ killed by SIGTERM +++\n", calls);
    REQUIRE(calls.size() == 1);
    CHECK_FALSE(calls[0].returned);
    CHECK(calls[0].error.empty());
    CHECK(calls[0].took == 5s);
    parser.feed(call, calls);
    parser.feed("5  106.0 close(5) = 0 <0.1>\n", calls);
    REQUIRE(calls.size() == 3);
    CHECK(calls[1].error == "ERESTARTSYS");
    CHECK(calls[1].returned);
    parser.feed(call, calls);
    parser.finish(107s, calls);
    REQUIRE(calls.size() == 4);
    CHECK_FALSE(calls[3].returned);
}

TEST_CASE("system calls: lines of another kind are counted, and long ones do not grow") {
    Parser parser;
    std::vector<Call> calls;
    parser.feed(
        "strace: something\n\n5 x\n5 1.0 recv\n5 1.0 <... recv\n5 99999999999.0 a() = 0\n"
        "5 1.0 a(\"\n",
        calls);
    CHECK(calls.empty());
    CHECK(parser.unreadable() == 7);
    const std::string piece(1000, 'x');
    parser.feed("5 1.0 write(1, \"", calls);
    for (int i = 0; i < 1000; ++i) {
        parser.feed(piece, calls);
    }
    parser.feed("\", 1) = 1 <0.1>\n5 2.0 close(1) = 0 <0.1>\n", calls);
    REQUIRE(calls.size() == 1);
    CHECK(calls[0].name == "close");
    // Long, but not too long: it is cut.
    parser.feed("5 3.0 write(1, \"" + std::string(9000, 'y') + "\", 9000) = 9000 <0.1>\n", calls);
    REQUIRE(calls.size() == 2);
    CHECK(calls[1].arguments.size() < 2100);
    CHECK(calls[1].result == 9000);
}

TEST_CASE("system calls: sockets and addresses in arguments") {
    const auto named = annotations(
        "[{fd=4<TCP:[10.0.0.1:1->10.0.0.2:2]>, events=POLLIN}, "
        "{fd=5</a->b (x)>}], \"7<no>\", 1<<3, 6<socket:[12]>");
    REQUIRE(named.size() == 3);
    const auto ends = ends_of(named[0]);
    REQUIRE(ends);
    CHECK(ends->first.to_string() == "10.0.0.1:1");
    CHECK(ends->second.to_string() == "10.0.0.2:2");
    CHECK_FALSE(is_socket(named[1]));
    CHECK(is_socket(named[2]));
    CHECK(inode_of(named[2]) == "12");
    CHECK(inode_of("TCP:[4711]") == "4711");
    CHECK(inode_of("TCP:[10.0.0.1:1->10.0.0.2:2]").empty());
    CHECK(inode_of("pipe:[4711]").empty());
    CHECK(is_socket("NETLINK:[ROUTE:1]"));
    CHECK_FALSE(is_socket("anon_inode:[eventpoll]"));
    // The program sees IPv4 in a socket of both families.
    const auto mapped = ends_of("TCPv6:[[::ffff:198.18.0.1]:40->[::ffff:198.18.0.2]:80]");
    REQUIRE(mapped);
    CHECK(mapped->second.to_string() == "198.18.0.2:80");
    const auto address = socket_address(
        "{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"198.18.0.2\")}");
    REQUIRE(address);
    CHECK(address->to_string() == "198.18.0.2:80");
    CHECK_FALSE(socket_address("{sa_family=AF_UNIX, sun_path=\"/x\"}"));
    CHECK_FALSE(ends_of("TCP:["));
    CHECK_FALSE(ends_of(""));
}

TEST_CASE("system calls: a set shows what it names") {
    const auto call = [](std::string name, std::string arguments) {
        Call made;
        made.name = std::move(name);
        made.arguments = std::move(arguments);
        return made;
    };
    const Selection network("network");
    CHECK(network.trace().find("%network") == 0);
    CHECK(network.shows(call("recvfrom", "5")));
    CHECK(network.shows(call("poll", "[], 0, 5")));
    CHECK(network.shows(call("read", "5<TCP:[4711]>, \"x\", 1")));
    CHECK_FALSE(network.shows(call("read", "5</etc/passwd>, \"x<TCP:[1]>\", 1")));
    CHECK_FALSE(network.shows(call("clone3", "{flags=CLONE_THREAD}")));
    const Selection list("futex,connect");
    CHECK(list.trace() == "futex,connect,?clone,?clone3,?fork,?vfork,?execve");
    CHECK_FALSE(list.shows(call("clone3", "")));
    CHECK(list.shows(call("futex", "")));
    CHECK(Selection("%process").shows(call("clone3", "")));
    CHECK(Selection("all").trace() == "all");
    CHECK(Selection("!futex").trace() == "!futex");
}
