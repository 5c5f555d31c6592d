#include <doctest/doctest.h>

#include <cerrno>

#include "sandbox/command.hpp"
#include "sandbox/hosts.hpp"
#include "sandbox/name_service.hpp"
#include "sandbox/sysctls.hpp"

using namespace ghostpeer::sandbox;

TEST_CASE("names given to peers replace what the host's file says about them") {
    const std::vector<Spec::Host> hosts = {{"api.local", {"198.18.0.2", "2001:2::2"}}};

    CHECK(render_hosts("", hosts) == "198.18.0.2\tapi.local\n2001:2::2\tapi.local\n");
    CHECK(render_hosts("127.0.0.1 localhost\n# a comment\n\n", {}) ==
          "127.0.0.1 localhost\n# a comment\n\n");

    const std::string added = "198.18.0.2\tapi.local\n2001:2::2\tapi.local\n";
    SUBCASE("a line that names nothing else goes") {
        CHECK(render_hosts("10.0.0.1 api.local\n10.0.0.2 other\n", hosts) ==
              "10.0.0.2 other\n" + added);
    }
    SUBCASE("other names of a line stay") {
        CHECK(render_hosts("10.0.0.1\tapi  API.Local db # both\n", hosts) ==
              "10.0.0.1\tapi db\n" + added);
    }
    SUBCASE("a name within a comment, or one that only begins so, is no match") {
        const std::string kept = "10.0.0.1 api # api.local\n10.0.0.2 api.local.lan\n";
        CHECK(render_hosts(kept, hosts) == kept + added);
    }
    SUBCASE("a last line without an end of line does not swallow the first name") {
        CHECK(render_hosts("127.0.0.1 localhost", hosts) == "127.0.0.1 localhost\n" + added);
    }
    SUBCASE("carriage returns do not hide a name") {
        CHECK(render_hosts("10.0.0.1 api.local\r\n", hosts) == added);
    }
}

TEST_CASE("what cannot stand in a hosts file is refused before anything runs") {
    CHECK(check_hosts({{"api.local", {"198.18.0.2", "2001:2::2"}}}).empty());
    CHECK_FALSE(check_hosts({{"", {"198.18.0.2"}}}).empty());
    CHECK_FALSE(check_hosts({{"two words", {"198.18.0.2"}}}).empty());
    CHECK_FALSE(check_hosts({{"line\nbreak", {"198.18.0.2"}}}).empty());
    CHECK_FALSE(check_hosts({{"a#b", {"198.18.0.2"}}}).empty());
    CHECK_FALSE(check_hosts({{"api.local", {"198.18.0"}}}).empty());
}

TEST_CASE("a sysctl's name leads to its file") {
    CHECK(sysctl_path("net.ipv4.tcp_keepalive_time") == "/proc/sys/net/ipv4/tcp_keepalive_time");
    CHECK(sysctl_path("net/ipv4/tcp_sack") == "/proc/sys/net/ipv4/tcp_sack");
    CHECK(sysctl_path("net.ipv4.conf.eth0/1.forwarding") ==
          "/proc/sys/net/ipv4/conf/eth0.1/forwarding");
    CHECK(sysctl_path("net/ipv4/conf/eth0.1/forwarding") ==
          "/proc/sys/net/ipv4/conf/eth0.1/forwarding");
}

TEST_CASE("a sysctl's name leads nowhere else") {
    for (const char* name : {"", "net", "kernel.pid_max", "net/../kernel/pid_max",
                             "net.ipv4//..//kernel", "net/", "net..ipv4", "net/./ipv4",
                             "net/ipv4/..", "net.ipv4.tcp sack", "/net/ipv4", "internet.x"}) {
        INFO(name);
        CHECK_FALSE(sysctl_path(name));
    }
}

TEST_CASE("why COMMAND cannot be executed decides between exit status 126 and 127") {
    using Kind = Error::Kind;
    CHECK(explain_execution("curll", ENOENT, false).kind == Kind::not_found);
    CHECK(explain_execution("./script", ENOENT, true).kind == Kind::not_found);
    for (const int error : {EACCES, ENOEXEC, ETXTBSY, E2BIG, EISDIR, EPERM}) {
        CHECK(explain_execution("./client", error, true).kind == Kind::not_executable);
    }
    CHECK(explain_execution("curll", ENOENT, false).message.find("PATH") != std::string::npos);
    CHECK(explain_execution("./curl", ENOENT, false).message.find("PATH") == std::string::npos);
    CHECK(explain_execution("./script", ENOENT, true).message.find("interpreter") !=
          std::string::npos);
}

TEST_CASE("a private resolv.conf asks the peer and keeps the search list") {
    CHECK(render_resolv_conf("", "198.18.0.2") == "nameserver 198.18.0.2\n");
    CHECK(render_resolv_conf("# made by hand\nnameserver 127.0.0.53\nnameserver fe80::1%eth0\n"
                             "search corp.example example\noptions edns0 ndots:2\nsearching x",
                             "198.18.0.2") ==
          "nameserver 198.18.0.2\nsearch corp.example example\noptions edns0 ndots:2\n");
}

TEST_CASE("a private nsswitch.conf finds hosts in the file and with the name server alone") {
    CHECK(render_nsswitch_conf("passwd: files systemd\n"
                               "hosts:      files resolve [!UNAVAIL=return] mdns4 dns # by hand\n"
                               "networks: files\n") ==
          "passwd: files systemd\nhosts: files dns\nnetworks: files\n");
    CHECK(render_nsswitch_conf(" hosts: mymachines resolve myhostname\nhosts: db") ==
          "hosts: files dns myhostname\n");
    CHECK(render_nsswitch_conf("") == "hosts: files dns\n");
    CHECK(render_nsswitch_conf("ghosts: x\n") == "ghosts: x\nhosts: files dns\n");
}

TEST_CASE("a name without addresses is in no hosts file") {
    CHECK(render_hosts("10.0.0.1 api.local db\n", {{"API.local", {}}}) == "10.0.0.1\tdb\n");
}
