#include "cli/command_line_learn.hpp"

#include <charconv>
#include <cstdint>
#include <system_error>

namespace ghostpeer::cli {
namespace {

/// `10.0.0.1`, `10.0.0.1:80`, `[2001:db8::1]:80`; port 0: any.
[[nodiscard]] std::optional<wire::Endpoint> parse_end(const std::string& text) {
    if (const auto address = wire::IpAddress::parse(text)) {
        return wire::Endpoint{*address, 0};
    }
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) {
        return std::nullopt;
    }
    const auto address = wire::IpAddress::parse(text.substr(0, colon));
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
    if (!address || error != std::errc() || stop != end || port == 0) {
        return std::nullopt;
    }
    return wire::Endpoint{*address, port};
}

}  // namespace

void define_learn(CLI::App& learn, RawLearn& raw, LearnRequest& learned) {
    learn
        .add_option("CAPTURE", learned.file,
                    "What tcpdump or Wireshark wrote (pcap, pcapng); `-`: standard input")
        ->required();
    learn
        .add_option("--from", raw.from,
                    "Where it was captured: client, server or middle (found out by round-trip "
                    "times)")
        ->type_name("SIDE")
        ->check(CLI::IsMember({"client", "server", "middle"}).description(""));
    learn.add_option("--peer", raw.peer, "Only conversations with this end")
        ->type_name("ADDR[:PORT]");
    learn
        .add_option("--conn", learned.connections,
                    "With -o: a profile of this conversation, as the list counts them; of several, "
                    "as attempts")
        ->type_name("N,…")
        ->delimiter(',')
        ->check(CLI::PositiveNumber.description(""));
    learn
        .add_option("-o,--output", raw.output,
                    "Write a profile of --conn, or of all attempts to --peer, into this directory: "
                    "profile.yaml, what was said, report.md")
        ->type_name("DIR");
    learn
        .add_option("--role", raw.role,
                    "Whom the profile's peer plays: server (default), or client, where the "
                    "program under test is the server")
        ->type_name("ROLE")
        ->check(CLI::IsMember({"server", "client"}).description(""));
    learn.add_flag("--strict", learned.strict,
                   "The peer waits for as many bytes as the program sent, not for patterns");
    learn.add_flag("--redact", learned.redact,
                   "Payloads become others of the same length and framing, addresses those of "
                   "documentation");
    learn.add_flag("--overwrite", learned.overwrite, "Replace files that are in DIR already");
    learn.footer(
        "Numbers of packets are those of Wireshark. Conversations are counted from 1: number N is "
        "`tcp.stream == N-1`, as long as no port is used again.\n\n"
        "Example:\n  tcpdump -i any -w incident.pcap tcp port 443\n"
        "  ghostpeer learn incident.pcap\n"
        "  ghostpeer learn incident.pcap --conn 7 -o incident\n"
        "  ghostpeer run incident/profile.yaml -- ./client\n");
}

std::optional<std::string> understand_learn(const RawLearn& raw, LearnRequest& learned) {
    learned.from = capture::parse_perspective(raw.from);
    if (!raw.peer.empty()) {
        learned.peer = parse_end(raw.peer);
        if (!learned.peer) {
            return "--peer " + raw.peer +
                   " is no address with a port, such as 10.0.0.1:80, 10.0.0.1 or "
                   "[2001:db8::1]:80.";
        }
    }
    learned.program_is_server = raw.role == "client";
    if (!raw.output.empty()) {
        learned.output = raw.output;
        if (learned.connections.empty() && !learned.peer) {
            return "-o " + raw.output +
                   " needs to know of what: --conn N, a conversation of the list, or --peer "
                   "ADDR:PORT, all attempts to it.";
        }
        return std::nullopt;
    }
    if (!learned.connections.empty() || learned.strict || learned.redact || learned.overwrite ||
        !raw.role.empty()) {
        return "--conn, --role, --strict, --redact and --overwrite are for a profile: -o DIR says "
               "where it goes.";
    }
    return std::nullopt;
}

void define_compare(CLI::App& compare, CompareRequest& compared) {
    compare.add_option("A", compared.files[0], "A capture, or what `run --events` wrote")
        ->required();
    compare.add_option("B", compared.files[1], "Likewise")->required();
    compare
        .add_option("--conn", compared.connections,
                    "Only this conversation, as `learn` or the trace counts them; N,M: of A and B")
        ->type_name("N[,M]")
        ->delimiter(',')
        ->expected(1, 2)
        ->check(CLI::PositiveNumber.description(""));
    compare.footer(
        "`*` marks what differs: facts, segments, and their times by more than 20 ms or 2 %. "
        "`>` is from client to server. Exit status: 0 where nothing differs, else 1.\n\n"
        "Example:\n  ghostpeer compare incident.pcap run.jsonl --conn 7,1\n");
}

}  // namespace ghostpeer::cli
