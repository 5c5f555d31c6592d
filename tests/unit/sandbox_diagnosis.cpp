#include "sandbox/diagnosis.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using ghostpeer::sandbox::Error;
using ghostpeer::sandbox::explain;
using ghostpeer::sandbox::NamespaceFacts;

namespace {

// An ordinary user on a system where nothing is forbidden, yet clone() fails.
NamespaceFacts refused(int error) {
    NamespaceFacts facts;
    facts.error = error;
    facts.user_namespace = true;
    facts.max_user_namespaces = 1000;
    facts.max_net_namespaces = 1000;
    facts.max_pid_namespaces = 1000;
    facts.max_mnt_namespaces = 1000;
    return facts;
}

bool says(const NamespaceFacts& facts, const char* words) {
    const Error error = explain(facts);
    INFO(error.message);
    const bool found = error.message.find(words) != std::string::npos;
    CHECK(error.message.ends_with("."));
    CHECK_MESSAGE(found, "expected: ", words);
    return found;
}

}  // namespace

TEST_CASE("Debian's switch for user namespaces is named with the command that turns it") {
    NamespaceFacts facts = refused(EPERM);
    facts.unprivileged_userns_clone = 0;
    facts.seccomp_filter = true;
    CHECK(explain(facts).kind == Error::Kind::not_permitted);
    says(facts, "kernel.unprivileged_userns_clone is 0");
    says(facts, "sudo sysctl kernel.unprivileged_userns_clone=1");
    says(facts, "run ghostpeer as root");
}

TEST_CASE("Debian's switch is not blamed when it permits, or when it does not apply") {
    NamespaceFacts facts = refused(EPERM);
    facts.unprivileged_userns_clone = 1;
    CHECK(explain(facts).message.find("userns_clone") == std::string::npos);
    facts.unprivileged_userns_clone = 0;
    facts.user_namespace = false;
    facts.root = true;
    CHECK(explain(facts).message.find("userns_clone") == std::string::npos);
}

TEST_CASE("Ubuntu's restriction shows when the new namespace is used") {
    NamespaceFacts facts = refused(EPERM);
    facts.step = NamespaceFacts::Step::use;
    facts.apparmor_restrict_unprivileged_userns = 1;
    CHECK(explain(facts).kind == Error::Kind::not_permitted);
    says(facts, "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0");
    says(facts, "'userns,'");

    SUBCASE("or when it is created, if AppArmor has no profile for it") {
        facts.step = NamespaceFacts::Step::create;
        facts.error = EACCES;
        says(facts, "kernel.apparmor_restrict_unprivileged_userns is 1");
    }
    SUBCASE("and not to those who need no user namespace") {
        facts.user_namespace = false;
        CHECK(explain(facts).message.find("apparmor_restrict") == std::string::npos);
        says(facts, "security module");
    }
}

TEST_CASE("a seccomp filter is blamed when no setting forbids namespaces") {
    NamespaceFacts facts = refused(EPERM);
    facts.seccomp_filter = true;
    facts.unprivileged_userns_clone = 1;
    says(facts, "seccomp filter");
    says(facts, "--cap-add=SYS_ADMIN --cap-add=NET_ADMIN");
    says(facts, "--security-opt seccomp=unconfined");

    SUBCASE("for root as well") {
        facts.user_namespace = false;
        facts.root = true;
        says(facts, "seccomp filter");
    }
    SUBCASE("unless a chroot forbids them anyhow") {
        facts.chrooted = true;
        says(facts, "chroot");
    }
}

TEST_CASE("without any known cause the error itself and the container's options are told") {
    NamespaceFacts facts = refused(EPERM);
    says(facts, "Operation not permitted");
    says(facts, "as root");
    facts.container = true;
    says(facts, "--privileged");
    CHECK(explain(facts).message.find("as root") == std::string::npos);
}

TEST_CASE("a limit of zero is named, whichever it is") {
    NamespaceFacts facts = refused(ENOSPC);
    SUBCASE("user") {
        facts.max_user_namespaces = 0;
        says(facts, "sudo sysctl user.max_user_namespaces=15000', or run ghostpeer as root.");
    }
    SUBCASE("net") {
        facts.max_net_namespaces = 0;
        says(facts, "sudo sysctl user.max_net_namespaces=15000'.");
    }
    SUBCASE("pid") {
        facts.max_pid_namespaces = 0;
        says(facts, "user.max_pid_namespaces is 0");
    }
    SUBCASE("mnt") {
        facts.max_mnt_namespaces = 0;
        says(facts, "user.max_mnt_namespaces is 0");
    }
    SUBCASE("but not that of user namespaces for those who need none") {
        facts.max_user_namespaces = 0;
        facts.max_net_namespaces = 0;
        facts.user_namespace = false;
        says(facts, "user.max_net_namespaces is 0");
    }
    CHECK(explain(facts).kind == Error::Kind::not_permitted);
}

TEST_CASE("root without capabilities is not told to become root") {
    NamespaceFacts facts = refused(ENOSPC);
    facts.max_user_namespaces = 0;
    facts.root = true;
    says(facts, "start the container with '--cap-add=SYS_ADMIN --cap-add=NET_ADMIN'");
    CHECK(explain(facts).message.find("as root") == std::string::npos);
}

TEST_CASE("a limit that is reached, by number or by nesting, is told as such") {
    says(refused(ENOSPC), "is reached");
    says(refused(EUSERS), "nested more than 32 deep");
}

TEST_CASE("a kernel without namespaces, processes or memory is told as such") {
    NamespaceFacts facts = refused(EINVAL);
    facts.missing_kinds = {"user", "net"};
    says(facts, "missing: user, net");
    says(refused(EINVAL), "Invalid argument");
    says(refused(EAGAIN), "ulimit -u");
    says(refused(ENOMEM), "out of memory");
    CHECK(explain(refused(EAGAIN)).kind == Error::Kind::failed);
}
