#include "cli/command_line_ctl.hpp"

#include "control/query.hpp"

namespace ghostpeer::cli {
namespace {

constexpr const char* ctl_help =
    R"(What it asks of a `ghostpeer run` (whose COMMAND has its address in GHOSTPEER_CONTROL) or `serve`:

  peers                        the peers and their profiles
  connections                  the connections and how they stand
  use PEER PROFILE             new connections of the peer have this profile (--set NAME=VALUE);
                               --reset: and those that are open are reset
  add [NAME|ADDR][:PORT] PROFILE
                               one more peer; without NAME and ADDR at an address that is free. It
                               says what the peer is called. --scope SCOPE: it is that scope's
  remove PEER                  it goes, and its connections are reset
  blackhole [in|out], revive, reset, close, shutdown, forget, say TEXT, window SIZE, stop-reading,
  resume-reading, stop-acking, resume-acking, become PHASE, icmp KIND, …
                               an action of the profile language, on every connection, on those of
                               --peer NAME, of the peers of --scope SCOPE, or on --conn N;
                               blackhole and revive on new ones, too
  do 'ACTIONS'                 the same with all their details, as behind `do:` in a profile
  fire NAME                    rules `on: command NAME`
  wait CONDITION               until it is true: 'connections >= 1', 'attempts >= 2',
                               'established == 0 peer=db', 'state=close-wait conn=1',
                               'rule FILE:LINE', 'event=segment kind=rst'
  events                       the event stream from now on, JSON Lines
  stats                        what has happened (--reset: and begin anew)
  scope NAME                   begins one: peers that are added to it have a verdict of their own
  scopes                       those that there are
  verdict SCOPE, end SCOPE     what it amounts to; `end`: and it goes, with its peers
  trace SCOPE, record SCOPE, page SCOPE
                               its trace, events (JSON Lines) and page (HTML)

Examples:
  ghostpeer ctl use default refuse
  ghostpeer ctl wait 'established >= 3' --timeout 5s
  ghostpeer ctl blackhole --conn 1
  ghostpeer ctl do '[stop-acking, {window: 0}]' --peer db
  ghostpeer ctl scope login && ghostpeer ctl add db.example refuse-twice --scope login

Exit status: 0; 123 the scope fails; 124 what was waited for did not come true within --timeout (30s); 125 it could not be
done.
)";

}  // namespace

void define_ctl(CLI::App& ctl, RawCtl& raw, ctl::Request& request) {
    ctl.add_option("WORDS", request.words, "What is asked, see below")->required()->type_name("");
    ctl.add_option("--control", raw.control, "Where (GHOSTPEER_CONTROL): unix:PATH, 127.0.0.1:PORT")
        ->type_name("ADDRESS");
    ctl.add_option("--control-token-file", raw.token_file,
                   "The token for TCP; else GHOSTPEER_CONTROL_TOKEN has it")
        ->type_name("FILE");
    ctl.add_option("--peer", raw.peer,
                   "Only connections of this peer: a name of --peer, or default")
        ->type_name("NAME");
    ctl.add_option("--scope", raw.scope, "Of `add`; of an action: only peers of this scope")
        ->type_name("SCOPE");
    ctl.add_option("--conn", raw.connection, "Only this connection: its number in trace and events")
        ->type_name("NUMBER")
        ->check(CLI::Range(std::uint64_t{1}, UINT64_MAX).description(""));
    ctl.add_option("--timeout", raw.timeout, "How long `wait` waits")->type_name("TIME");
    ctl.add_option("--since", raw.since, "`events` and `wait event=…`: behind this event's id")
        ->type_name("ID");
    ctl.add_option("--set", raw.parameters,
                   "A parameter of the profile for `use` and `add`. Repeatable")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    ctl.add_flag("--reset", request.reset,
                 "`stats`: they begin anew; `use`: open connections are reset");
    ctl.add_flag("--json", request.json, "The answer as it came, for programs");
    ctl.footer(ctl_help);
}

void keep_brackets(std::vector<std::string>& arguments) {
    for (std::string& argument : arguments) {
        if (argument.starts_with('[')) {
            argument.insert(0, 1, ' ');
        }
    }
}

std::optional<std::string> understand_ctl(const RawCtl& raw, ctl::Request& request) {
    if (auto problem = split_assignments(raw.parameters, "--set", request.parameters)) {
        return problem;
    }
    const auto text = [](const std::string& given) {
        return given.empty() ? std::nullopt : std::optional(given);
    };
    request.control = text(raw.control);
    request.token_file = text(raw.token_file);
    request.peer = text(raw.peer);
    request.scope = text(raw.scope);
    request.timeout = text(raw.timeout);
    if (raw.connection != 0) {
        request.connection = raw.connection;
    }
    if (!raw.since.empty()) {
        request.since = control::parse_number(raw.since);
        if (!request.since) {
            return "--since needs the id of an event, a number, but got \"" + raw.since + "\".";
        }
    }
    if (request.scope && (request.peer || request.connection)) {
        return "--scope stands for all its peers: leave --peer or --conn out.";
    }
    if (request.peer && request.connection) {
        return "--peer and --conn do not go together: a connection has one peer.";
    }
    return std::nullopt;
}

}  // namespace ghostpeer::cli
