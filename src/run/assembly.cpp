#include "run/assembly.hpp"

#include "loop/last_resort.hpp"
#include "packets/loading.hpp"
#include "posix/socket_address.hpp"
#include "run/record_ends.hpp"
#include "run/tell_verdict.hpp"
#include "setup/engine_setup.hpp"

#include <memory>
#include <utility>

namespace ghostpeer::run {
namespace {

[[nodiscard]] peer::Settings settings_of(const Surroundings& given, HugePages& memory) {
    peer::Settings settings = setup::make_settings(given.options, given.peers, given.seed);
    settings.memory = &memory;
    settings.packets = &packets::packet_library();
    settings.ids = &given.sinks.ids();
    settings.mtu = given.mtu;
    settings.epoch = given.virtual_time ? Duration::zero() : given.clock.epoch();
    settings.verify_checksums = given.link.verify_checksums();
    settings.name_server = given.name_server;
    settings.program_interface = given.sandbox != nullptr &&
                                 given.sandbox->link_end().interface != sandbox::loopback_interface;
    return settings;
}

/// In a guest there is no outside.
[[nodiscard]] servers::Behind behind_of(const Surroundings& given) {
    servers::Behind behind = given.behind;
    behind.outside = given.peers.relays.servers && !given.virtual_time;
    return behind;
}

/// Elsewhere names are nobody's business here.
[[nodiscard]] servers::NameServer make_name_server(const Surroundings& given,
                                                   peer::Engine& engine) {
    return given.sandbox != nullptr
               ? servers::NameServer(
                     engine, packets::packet_library(),
                     {given.peers.addresses_by_name,
                      given.peers.relays.original && !given.virtual_time, given.peers.dns},
                     given.mtu)
               : servers::NameServer(engine, packets::packet_library(), {}, given.mtu);
}

/// Where the program is waited for.
[[nodiscard]] std::vector<std::uint16_t> dialled_ports(const setup::Peers& peers) {
    std::vector<std::uint16_t> ports;
    for (const setup::ClientPeer& client : peers.clients) {
        ports.push_back(client.port);
    }
    return ports;
}

}  // namespace

Assembly::Assembly(const Surroundings& given)
    : given_(given),
      engine_(settings_of(given, memory_), given.peers.specs),
      name_server_(make_name_server(given, engine_)),
      relay_(given.clock, engine_, given.sinks, name_server_,
             given.sandbox != nullptr ? given.peers.names_by_address : setup::NamesByAddress{},
             behind_of(given)),
      fires_(given.options.fires, engine_, given.sinks),
      loop_({given.clock, engine_, given.link, given.sinks, !given.virtual_time,
             given.sandbox == nullptr}),
      ending_({given.clock, engine_, loop_, given.signals, given.sandbox, given.options.timeout,
               given.options.poll_timeout, given.options.run_for, dialled_ports(given.peers),
               &given.sinks, given.virtual_time}) {
    begin_record();
    if (given_.sandbox != nullptr) {
        interface_.emplace(engine_, *given_.sandbox);
        watch_sockets();
        wait_for_listeners();
    }
    if (given_.control != nullptr) {
        make_control();
    }
    for (loop::Part* part : {static_cast<loop::Part*>(&fires_), static_cast<loop::Part*>(&relay_),
                             static_cast<loop::Part*>(dialler_ ? &*dialler_ : nullptr),
                             static_cast<loop::Part*>(interface_ ? &*interface_ : nullptr),
                             static_cast<loop::Part*>(control_ ? &*control_ : nullptr),
                             static_cast<loop::Part*>(&ending_),
                             static_cast<loop::Part*>(sampler_ ? &*sampler_ : nullptr)}) {
        if (part != nullptr) {
            loop_.add(*part);
        }
    }
}

void Assembly::begin_record() {
    event::Run run =
        describe_run(given_.told, given_.options, given_.clock, given_.link, given_.seed);
    run.virtual_time = given_.virtual_time;
    run.served = given_.sandbox == nullptr;
    given_.sinks.add_first(judge_);
    told_ = std::make_shared<const event::Run>(std::move(run));
    given_.sinks.record({run_start, 0, 0, told_});
    tell_events(engine_, given_.sinks);
}

void Assembly::make_control() {
    // On the loopback link each peer has a port that is held from the beginning on.
    if (given_.peers.loopback.places.empty()) {
        places_.emplace(given_.peers, given_.options.family,
                        given_.sandbox != nullptr ? &name_server_ : nullptr, given_.served);
    }
    access::ControlPart::Wanted wanted;
    wanted.run = told_;
    wanted.places = places_ ? &*places_ : nullptr;
    if (sampler_) {
        wanted.watch_sockets = [this](Instant now) {
            if (sampler_->ask_outcomes(now)) {
                loop_.follow_packets(*sampler_);
            }
        };
        wanted.list_sockets = [this](Instant now) { sampler_->conclude(now); };
    }
    control_.emplace(*given_.control, given_.clock, engine_, given_.sinks, given_.peers,
                     std::move(wanted));
}

void Assembly::open_control_door(FileDescriptor listening) {
    if (dialler_) {
        dialler_->overlook({wire::IpAddress::v4(INADDR_LOOPBACK), bound_port(listening.get())});
    }
    if (control_) {
        control_->open_door(std::move(listening), given_.control->command_token);
    }
}

void Assembly::watch_sockets() {
    if (given_.sandbox->diag()) {
        sampler_.emplace(
            std::make_unique<sockets::SocketWatcher>(given_.sandbox->diag().release(),
                                                     std::move(given_.sandbox->netstat())),
            judge_, given_.sinks,
            SocketSampler::Purpose{given_.sockets, judge_.expects_outcomes()});
    } else if (judge_.expects_outcomes()) {
        given_.sinks.notice(given_.clock.now(), "sockets",
                            "The kernel's sockets cannot be watched here: an `outcome` "
                            "is told from the segments alone, and is `unknown` where "
                            "they do not tell.");
    }
}

void Assembly::wait_for_listeners() {
    if (given_.peers.clients.empty()) {
        return;
    }
    if (!given_.sandbox->listen_diag()) {
        problem_ =
            "this kernel has no sock_diag (CONFIG_INET_DIAG), which tells where COMMAND listens, "
            "and a peer with `role: client` must know.";
        return;
    }
    const setup::LoopbackPlaces& loopback = given_.peers.loopback;
    std::vector<wire::Endpoint> guards = loopback.places;
    guards.insert(guards.end(), loopback.with_ipv6.begin(), loopback.with_ipv6.end());
    dialler_.emplace(given_.peers.clients, std::move(guards),
                     given_.sandbox->listen_diag().release(), engine_, given_.clock.now());
}

const std::optional<std::string>& Assembly::problem() const noexcept {
    return problem_ ? problem_ : loop_.problem();
}

void Assembly::tell_remarks() {
    for (const std::string& sentence : given_.peers.remarks) {
        given_.sinks.notice(given_.clock.now(), "command-line", sentence);
    }
    if (given_.sandbox == nullptr && judge_.expects_outcomes()) {
        given_.sinks.notice(given_.clock.now(), "sockets",
                            "The sockets of programs elsewhere cannot be watched: an "
                            "`outcome` is told from the segments alone, and is `unknown` where "
                            "they do not tell.");
    }
}

Outcome Assembly::run() {
    last_resort::doing("packets and signals are waited for");
    loop_.run();
    ending_.settled();
    loop_.drain();
    Outcome outcome = ending_.outcome();
    outcome.failure = loop_.failure();
    return outcome;
}

event::End Assembly::sum_up(const Outcome& outcome, Instant end) {
    if (control_) {
        control_->conclude_scopes(end);
        tell_events(engine_, given_.sinks);
        for (std::string& sentence : control_->failed_scopes(end)) {
            given_.sinks.notice(end, "scope-failed", std::move(sentence));
        }
    }
    engine_.sum_up(end);
    tell_events(engine_, given_.sinks);
    given_.sinks.finish();
    event::End last = describe_end(outcome, engine_);
    if (dialler_) {
        last.undialled = dialler_->undialled();
    }
    if (const auto lost = control_ ? control_->lost() : std::nullopt) {
        last.lost.push_back({*lost, false});
    }
    return last;
}

event::Verdict Assembly::tell(event::End&& last, Instant end) {
    return tell_verdict(given_.options, judge_, given_.sinks, std::move(last), end);
}

bool Assembly::close_control() { return !control_ || control_->end(); }

}  // namespace ghostpeer::run
