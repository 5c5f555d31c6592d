#include "ghostpeer/event/call.hpp"
#include "ghostpeer/event/verdict.hpp"
#include "posix/file_descriptor.hpp"
#include "show/trace.hpp"
#include "show_samples.hpp"

#include <doctest/doctest.h>

#include <sys/mman.h>
#include <unistd.h>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::show;
using namespace ghostpeer::show::test;
using wire::Flags;

namespace {

constexpr const char* long_name = "keepalive-blackhole.yaml";

std::string traced(void (*drive)(event::Sink&), bool colour = false) {
    const Pipe pipe;
    const auto trace = make_trace(pipe.file(), {colour});
    drive(*trace);
    trace->finish();
    return pipe.take();
}

}  // namespace

TEST_CASE("trace: a connection that opens") {
    auto syn = incoming(Flags::syn, 0, 0, tcp::Kind::syn);
    syn.segment.window = 64240;
    syn.segment.options = syn_options();
    auto syn_ack = outgoing(Flags::syn | Flags::ack, 0, 1, tcp::Reason::syn_ack);
    syn_ack.segment.window = 64240;
    syn_ack.segment.options = syn_options();
    auto ack = incoming(Flags::ack, 1, 1, tcp::Kind::ack);
    ack.segment.options.timestamps = wire::Timestamps{1, 2};

    std::string text;
    text += trace_line(on_connection(21us, event::Attempt{flow(), std::nullopt}));
    text += trace_line(on_connection(21us, syn));
    text +=
        trace_line(on_connection(30us, event::State{tcp::State::listen, tcp::State::syn_received}));
    text += trace_line(on_connection(48us, syn_ack));
    text += trace_line(on_connection(90us, ack));
    CHECK(text ==
          "  0.000021  #1      attempt 1: 198.18.0.1:40404 -> 198.18.0.2:80\n"
          "  0.000021  #1   >  [S] seq 0 win 64240 <mss 1460,sackOK,TS,wscale 7>   syn\n"
          "  0.000030  #1      LISTEN -> SYN-RECEIVED\n"
          "  0.000048  #1   <  [S.] seq 0 ack 1 win 64240 <mss 1460,sackOK,TS,wscale 7>  syn-ack\n"
          "  0.000090  #1   >  [.] seq 1 ack 1 win 502                             ack\n");
}

TEST_CASE("trace: what is withheld names its rule and stays within 100 columns") {
    auto probe = incoming(Flags::ack, 0, 1, tcp::Kind::keepalive_probe);
    probe.fate = event::Fate::dropped;
    probe.rule = place(long_name, 7);
    const auto line = trace_line(on_connection(5'003'017us, probe));
    CHECK(line ==
          "  5.003017  #1   >x [.] seq 0 ack 1 win 502   keepalive-probe  dropped by "
          "keepalive-blackhole.yaml:7\n");
    CHECK(line.size() - 1 <= 100);
}

TEST_CASE("trace: a rule's directories go where they do not fit") {
    auto data = incoming(Flags::psh | Flags::ack, 1, 1, tcp::Kind::data);
    data.segment.payload.resize(100);
    data.fate = event::Fate::dropped;
    data.rule = place("/a/directory/with/quite/a/long/name/nat.yaml", 7);
    CHECK(trace_line(on_connection(1s, data)) ==
          "  1.000000  #1   >x [P.] seq 1:101 ack 1 win 502 len 100                "
          "data  dropped by nat.yaml:7\n");
    data.rule = place("mine/nat.yaml", 7);
    CHECK(trace_line(on_connection(1s, data)) ==
          "  1.000000  #1   >x [P.] seq 1:101 ack 1 win 502 len 100    "
          "data  dropped by mine/nat.yaml:7\n");
}

TEST_CASE("trace: every fate has its mark and its words") {
    auto reply = outgoing(Flags::ack, 1, 1, tcp::Reason::ack);
    reply.rule = place("p.yaml", 3);
    const auto line = [&](event::Fate fate) {
        reply.fate = fate;
        return trace_line(on_connection(2ms, reply));
    };
    CHECK(line(event::Fate::sent) ==
          "  0.002000  #1   <  [.] seq 1 ack 1 win 502                             "
          "ack  by p.yaml:3\n");
    reply.until = at(52ms);
    CHECK(line(event::Fate::delayed) ==
          "  0.002000  #1   <~ [.] seq 1 ack 1 win 502                 "
          "ack  delayed 50 ms by p.yaml:3\n");
    CHECK(line(event::Fate::duplicated) ==
          "  0.002000  #1   <+ [.] seq 1 ack 1 win 502                             "
          "ack  extra copy by p.yaml:3\n");
    CHECK(line(event::Fate::corrupted) ==
          "  0.002000  #1   <* [.] seq 1 ack 1 win 502                             "
          "ack  corrupted by p.yaml:3\n");
    CHECK(line(event::Fate::edited) ==
          "  0.002000  #1   <* [.] seq 1 ack 1 win 502                             "
          "ack  changed by p.yaml:3\n");
    reply.rule.reset();
    reply.retransmission = true;
    CHECK(line(event::Fate::undelivered) ==
          "  0.002000  #1   <x [.] seq 1 ack 1 win 502                 "
          "ack (again)  refused by the link\n");
}

TEST_CASE("trace: time stamps are left out, and shown where a rule changed the segment") {
    auto ack = outgoing(Flags::ack, 1, 1, tcp::Reason::duplicate_ack);
    ack.segment.options.timestamps = wire::Timestamps{7, 8};
    ack.segment.options.sack = {{ack.base.ack + 101, ack.base.ack + 201}};
    CHECK(
        trace_line(on_connection(0s, ack)) ==
        "  0.000000  #1   <  [.] seq 1 ack 1 win 502 <sack 101:201>              duplicate-ack\n");
    ack.fate = event::Fate::edited;
    CHECK(trace_line(on_connection(0s, ack)) ==
          "  0.000000  #1   <* [.] seq 1 ack 1 win 502 <TS val 7 ecr 8,sack 101:201>  "
          "duplicate-ack  changed\n");
}

TEST_CASE("trace: what was changed, what a packet says of itself, and ICMP errors") {
    auto data = outgoing(Flags::ack, 1, 1, tcp::Reason::data);
    data.rule = place("p.yaml", 3);
    data.fate = event::Fate::corrupted;
    event::Forgery forgery;
    forgery.changes = {"window", "tcp-checksum"};
    data.forgery = std::make_shared<const event::Forgery>(forgery);
    CHECK(trace_line(on_connection(0s, data)) ==
          "  0.000000  #1   <* [.] seq 1 ack 1 win 502   "
          "data  corrupted window, tcp-checksum by p.yaml:3\n");
    forgery.changes.clear();
    forgery.distortion.options = wire::Bytes{2, 0};
    forgery.distortion.data_offset = 15;
    forgery.distortion.reserved = 2;
    forgery.distortion.total_length = 40;
    data.forgery = std::make_shared<const event::Forgery>(forgery);
    data.fate = event::Fate::sent;
    CHECK(trace_line(on_connection(0s, data)) ==
          "  0.000000  #1   <  [.] seq 1 ack 1 win 502 options 0200 data_offset 15 reserved 2 "
          "total_length 40  data  by p.yaml:3\n");
    event::Icmp icmp;
    icmp.kind = wire::IcmpKind::fragmentation_needed;
    icmp.mtu = 1200;
    icmp.source = flow().local.address;
    const auto about = incoming(Flags::ack | Flags::psh, 5, 1, tcp::Kind::data);
    icmp.quoted = about.segment;
    icmp.base = about.base;
    icmp.rule = place("mtu.yaml", 4);
    CHECK(trace_line(on_connection(0s, icmp)) ==
          "  0.000000  #1   <! ICMP frag-needed mtu 1200 about [P.] seq 5          "
          "by mtu.yaml:4\n");
    icmp.kind = wire::IcmpKind::port_unreachable;
    icmp.source = *wire::IpAddress::parse("2001:2::2");
    icmp.fate = event::Fate::dropped;
    CHECK(trace_line(on_connection(0s, icmp)) ==
          "  0.000000  #1   <x ICMPv6 port-unreachable about [P.] seq 5            "
          "dropped by mtu.yaml:4\n");
}

TEST_CASE("trace: rules, logs, notices and later attempts") {
    CHECK(trace_line(on_connection(5s, event::Rule{place("nat.yaml", 7), "blackhole", "in"}, 12)) ==
          "  5.000000  #12     blackhole in                                        "
          "by nat.yaml:7\n");
    CHECK(trace_line(on_connection(5s, event::Log{place("nat.yaml", 9), "a\x1b[31mb"}, 12)) ==
          "  5.000000  #12     log: a\\x1b[31mb                                     nat.yaml:9\n");
    CHECK(trace_line({at(6s), 0, 0, event::Notice{"not-tcp", "UDP came."}}) ==
          "  6.000000          notice: UDP came.\n");
    CHECK(trace_line(on_connection(1004ms, event::Attempt{flow(40406), 1004ms}, 2, 2)) ==
          "  1.004000  #2      attempt 2: 198.18.0.1:40406 -> 198.18.0.2:80, 1.004 s after the "
          "last\n");
}

TEST_CASE("trace: a kernel socket goes by the number of its connection") {
    const auto text = traced([](event::Sink& trace) {
        event::Socket socket;
        socket.src = flow().remote;
        socket.dst = flow().local;
        socket.state = "ESTAB";
        socket.timer = event::SocketTimer::keepalive;
        socket.expires = 2900ms;
        socket.retries = 1;
        trace.record({at(1s), 0, 0, socket});
        trace.record(on_connection(1s, event::Attempt{flow(), std::nullopt}));
        trace.record({at(2s), 0, 0, socket});
        socket.state = event::gone;
        socket.timer = event::SocketTimer::none;
        trace.record({at(3s), 0, 0, socket});
    });
    CHECK(text ==
          "  1.000000       =  ESTAB recv-q 0 send-q 0 timer:(keepalive,2.9s,1)  kernel socket "
          "198.18.0.1:40404 -> 198.18.0.2:80\n"
          "  1.000000  #1      attempt 1: 198.18.0.1:40404 -> 198.18.0.2:80\n"
          "  2.000000  #1   =  ESTAB recv-q 0 send-q 0 timer:(keepalive,2.9s,1)    "
          "kernel socket\n"
          "  3.000000  #1   =  GONE                                                "
          "kernel socket\n");
}

TEST_CASE("trace: a pair of ends that is used again goes by its latest number") {
    constexpr std::uint64_t named = 16'384;
    const FileDescriptor file(::memfd_create("trace", MFD_CLOEXEC));
    const auto trace = make_trace(OutputFile::adopt(file.get(), "trace", "trace"), {});
    for (std::uint64_t id = 1; id <= named; ++id) {
        trace->record(on_connection(
            1s, event::Attempt{flow(static_cast<std::uint16_t>(id)), std::nullopt}, id));
    }
    event::Socket socket;
    socket.src = flow(1).remote;
    socket.dst = flow(1).local;
    socket.state = event::gone;
    trace->record(on_connection(2s, event::Attempt{flow(1), std::nullopt}, named + 1));
    trace->record({at(3s), 0, 0, socket});
    trace->finish();
    std::string end(120, ' ');
    const auto size = ::lseek(file.get(), 0, SEEK_END);
    REQUIRE(::pread(file.get(), end.data(), end.size(), size - 120) == 120);
    CHECK_MESSAGE(end.find("  3.000000  #16385 =  GONE") != std::string::npos, end);
}

TEST_CASE("trace: COMMAND's end") {
    CHECK(traced([](event::Sink& trace) {
              trace.record({at(14s), 0, 0, event::Exit{7, std::nullopt}});
          }) == " 14.000000          COMMAND exited with status 7\n");
    CHECK(traced([](event::Sink& trace) {
              trace.record({at(1000s), 0, 0, event::Exit{0, 9}});
          }) == "1000.000000          COMMAND was ended by SIGKILL\n");
}

TEST_CASE("trace: faults alone, and states alone") {
    const auto drive = [](event::Sink& trace) {
        const auto honest = incoming(Flags::ack, 1, 1, tcp::Kind::ack);
        auto lost = honest;
        lost.fate = event::Fate::dropped;
        lost.rule = place("nat.yaml", 7);
        auto call = std::make_shared<event::Call>();
        call->name = "recvfrom";
        call->arguments = "5";
        call->result = 1;
        auto failed = std::make_shared<event::Call>(*call);
        failed->result = -1;
        failed->error = "ECONNRESET";
        trace.record(on_connection(1s, event::Attempt{flow(), std::nullopt}));
        trace.record(on_connection(1s, honest));
        trace.record(on_connection(2s, event::State{tcp::State::listen, tcp::State::syn_received}));
        for (int i = 0; i < 12; ++i) {
            trace.record(on_connection(3s, honest));
            trace.record({at(3s), 1, 0, std::shared_ptr<const event::Call>(call)});
            trace.record({at(3s), 0, 0, event::Socket{}});
        }
        trace.record(on_connection(4s, lost));
        trace.record(on_connection(4s, event::Rule{place("nat.yaml", 7), "blackhole", "in"}));
        trace.record({at(5s), 1, 0, std::shared_ptr<const event::Call>(failed)});
        trace.record({at(6s), 0, 0, event::Exit{7, std::nullopt}});
        trace.record(on_connection(7s, honest));
        trace.record({at(8s), 0, 0, std::make_shared<const event::Verdict>()});
    };
    const auto beginnings = [&](TraceDetail detail) {
        const Pipe pipe;
        const auto trace = make_trace(pipe.file(), {false, detail});
        drive(*trace);
        trace->flush();
        std::istringstream all(pipe.take());
        std::vector<std::string> lines;
        for (std::string line; std::getline(all, line) && !line.starts_with("ghostpeer");) {
            lines.push_back(line.substr(0, 33));
        }
        return lines;
    };
    const std::string attempt = "  1.000000  #1      attempt 1: 19";
    const std::string state = "  2.000000  #1      LISTEN -> SYN";
    const std::string end = "  6.000000          COMMAND exite";
    CHECK(beginnings(TraceDetail::faults) ==
          std::vector<std::string>{
              attempt, "                    … 1 segment", state, "                    … 12 segmen",
              "  4.000000  #1   >x [.] seq 1 ack", "  4.000000  #1      blackhole in ",
              "  5.000000  #1      $ recv(5) = -", end, "                    … 1 segment"});
    CHECK(beginnings(TraceDetail::states) == std::vector<std::string>{attempt, state, end});
    CHECK(beginnings(TraceDetail::all).size() == 44);
}

TEST_CASE("trace: colour only where told") {
    const auto drive = [](event::Sink& trace) {
        auto probe = incoming(Flags::ack, 0, 1, tcp::Kind::keepalive_probe);
        probe.fate = event::Fate::dropped;
        trace.record(on_connection(5s, probe));
    };
    CHECK(traced(drive, true) ==
          "  5.000000  #1   >x \x1b[31m[.] seq 0 ack 1 win 502                             "
          "keepalive-probe  dropped\x1b[0m\n");
    CHECK(traced(drive, false).find('\x1b') == std::string::npos);
}
