#include "ghostpeer/event/call.hpp"
#include "show/call_connections.hpp"
#include "show/call_text.hpp"
#include "show/events.hpp"
#include "show/trace.hpp"
#include "show_samples.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace ghostpeer;
using namespace ghostpeer::show;
using namespace ghostpeer::show::test;

namespace {

event::Call recv_call() {
    event::Call call;
    call.process = 7;
    call.thread = 7;
    call.name = "recvfrom";
    call.arguments = "5<TCP:[198.18.0.1:40404->198.18.0.2:80]>, 0x7ff1930c9af0, 1, 0, NULL, NULL";
    call.descriptor = 5;
    call.result = -1;
    call.error = "ECONNRESET";
    call.took = 3200ms;
    return call;
}

event::Call connect_call(const char* inode) {
    event::Call call;
    call.name = "connect";
    call.arguments = std::string("3<TCP:[") + inode +
                     "]>, {sa_family=AF_INET, sin_port=htons(80), "
                     "sin_addr=inet_addr(\"198.18.0.2\")}, 16";
    call.result = 0;
    call.took = 10ms;
    return call;
}

event::Call begun(event::Call call, Duration when) {
    call.began = at(when);
    return call;
}

event::Event told(Duration when, const event::Call& call, event::ConnectionId connection) {
    return {at(when), connection, 0, std::make_shared<const event::Call>(call)};
}

event::Event attempt_of(event::ConnectionId connection, std::uint16_t port, Duration when) {
    return {at(when), connection, 1, event::Attempt{flow(port), std::nullopt}};
}

}  // namespace

TEST_CASE("trace: a system call as its program would write it") {
    CHECK(call_text(recv_call(), 80) == "recv(5, 1) = -1 ECONNRESET after 3.200 s");
    auto call = recv_call();
    call.returned = false;
    call.result.reset();
    call.error.clear();
    call.arguments = "5<TCP:[198.18.0.1:40404->198.18.0.2:80]>";
    call.took = 4900ms;
    CHECK(call_text(call, 80) == "recv(5) for 4.900 s, not returned");
    CHECK(call_text(connect_call("4711"), 80) == "connect(3, 198.18.0.2:80) = 0 after 10 ms");
    call = recv_call();
    call.name = "poll";
    call.arguments = "[{fd=5<TCP:[4711]>, events=POLLIN}], 1, 30";
    call.result = 0;
    call.error.clear();
    call.detail = "Timeout";
    call.took = 30182354ns;
    CHECK(call_text(call, 80) ==
          "poll([{fd=5, events=POLLIN}], 1, 30) = 0 Timeout after 30.182 ms");
    call.name = "sendto";
    call.arguments = "5<TCP:[4711]>, \"hello\", 5, MSG_NOSIGNAL, NULL, 0";
    call.result = 5;
    call.detail.clear();
    call.took = 20us;
    CHECK(call_text(call, 80) == "send(5, \"hello\", 5, MSG_NOSIGNAL) = 5");
    call.name = "exit_group";
    call.arguments = "0";
    call.result.reset();
    CHECK(call_text(call, 80) == "exit_group(0) = ?");
}

TEST_CASE("trace: a system call stays within its width, and cannot steer the terminal") {
    auto call = recv_call();
    call.arguments = "5, \"" + std::string(500, 'x') + "\x1b[2J\", 500";
    CHECK(call_text(call, 80).size() == 80);
    CHECK(call_text(call, 80).ends_with("...) = -1 ECONNRESET after 3.200 s"));
    call.detail = std::string(500, 'y');
    CHECK(call_text(call, 60).size() <= 60);
    CHECK(call_text(call, 300).find('\x1b') == std::string::npos);
}

TEST_CASE("trace: the line of a system call, and whose it is where it is not COMMAND's") {
    const Pipe pipe;
    const auto trace = make_trace(pipe.file());
    auto call = recv_call();
    trace->record(told(3200ms, call, 1));
    call.thread = 8;
    trace->record(told(3200ms, call, 0));
    call.process = 8;
    trace->record(told(3200ms, call, 0));
    trace->finish();
    CHECK(pipe.take() ==
          "  3.200000  #1      $ recv(5, 1) = -1 ECONNRESET after 3.200 s\n"
          "  3.200000          $ recv(5, 1) = -1 ECONNRESET after 3.200 s          process 7 "
          "thread 8\n"
          "  3.200000          $ recv(5, 1) = -1 ECONNRESET after 3.200 s          process 8\n");
}

TEST_CASE("event stream: a system call, as written") {
    const Pipe pipe;
    const auto stream = make_event_stream(pipe.file());
    auto call = begun(recv_call(), 100ms);
    stream->record(told(3300ms, call, 1));
    stream->flush();
    CHECK(pipe.take() ==
          R"({"t":3.300000000,"event":"call","conn":1,"pid":7,"tid":7,"name":"recvfrom","fd":5,)"
          R"("args":"5<TCP:[198.18.0.1:40404->198.18.0.2:80]>, 0x7ff1930c9af0, 1, 0, NULL, NULL",)"
          R"("result":-1,"errno":"ECONNRESET","began":0.100000000,"took":3.200000000})"
          "\n");
    call.returned = false;
    call.result.reset();
    call.error.clear();
    stream->record(told(3300ms, call, 0));
    stream->flush();
    const auto object = nlohmann::json::parse(pipe.take());
    CHECK(object["returned"] == false);
    CHECK_FALSE(object.contains("result"));
    CHECK_FALSE(object.contains("conn"));
}

TEST_CASE("system calls: the connection is found by ends, by inode, and not where it is a guess") {
    CallConnections connections;
    connections.record(attempt_of(1, 40404, 5ms));
    CHECK(connections.of(begun(recv_call(), 8ms)) == 1);
    CHECK(connections.of(begun(connect_call("4711"), 4ms)) == 1);
    // The kernel tells nothing of a socket that is over but its inode.
    auto call = recv_call();
    call.arguments = "3<TCP:[4711]>, 0x7ff1930c9af0, 1, 0, NULL, NULL";
    CHECK(connections.of(begun(call, 20ms)) == 1);
    // The same socket dials once more.
    connections.record(attempt_of(2, 40405, 30ms));
    CHECK(connections.of(begun(connect_call("4711"), 29ms)) == 2);
    CHECK(connections.of(begun(call, 50ms)) == 2);
    // An attempt from before the call is not the call's.
    connections.record(attempt_of(3, 40406, 60ms));
    CHECK(connections.of(begun(connect_call("4712"), 61ms)) == 0);
    // Two threads at once.
    connections.record(attempt_of(4, 40407, 70ms));
    connections.record(attempt_of(5, 40408, 71ms));
    CHECK(connections.of(begun(connect_call("4713"), 69ms)) == 0);
    // Several in one poll().
    call.name = "poll";
    call.arguments =
        "[{fd=5<TCP:[198.18.0.1:40404->198.18.0.2:80]>}, "
        "{fd=6<TCP:[198.18.0.1:40407->198.18.0.2:80]>}], 2, 5";
    CHECK(connections.of(begun(call, 80ms)) == 0);
}
