#include "app/run_command.hpp"

#include "app/control.hpp"
#include "app/dialler.hpp"
#include "app/engine_setup.hpp"
#include "app/instead.hpp"
#include "app/last_resort.hpp"
#include "app/link_setup.hpp"
#include "app/message.hpp"
#include "app/observers.hpp"
#include "app/output_tee.hpp"
#include "app/packet_module.hpp"
#include "app/peers.hpp"
#include "app/run_loop.hpp"
#include "observe/exit_status.hpp"
#include "posix/huge_pages.hpp"
#include "sandbox/confinement.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace ghostpeer::app {

namespace {

[[nodiscard]] sandbox::Spec make_spec(const RunOptions& options, const Peers& peers,
                                      const sandbox::Inheritance& inheritance, std::uint64_t seed,
                                      const std::optional<ControlAccess>& control) {
    sandbox::Spec spec;
    spec.command = options.command;
    spec.environment = {
        {"GHOSTPEER_ADDR", peers.address},
        {"GHOSTPEER_ADDR6", peers.address6},
        {"GHOSTPEER_PORT", std::to_string(peers.port.value_or(default_port))},
        {"GHOSTPEER_SEED", std::to_string(seed)},
    };
    // COMMAND is not to control a ghostpeer around this one in its place.
    spec.unset = {"GHOSTPEER_CONTROL", "GHOSTPEER_CONTROL_TOKEN"};
    if (control) {
        spec.kept_outside.push_back(control->listener.fd());
    }
    // TCP of this machine's loopback is out of COMMAND's reach.
    if (control && !control->listener.address().is_tcp()) {
        spec.environment.emplace_back("GHOSTPEER_CONTROL", control->address());
    }
    for (const HostName& host : peers.names) {
        spec.hosts.push_back({host.name, host.addresses});
    }
    spec.sysctls = peers.sysctls;
    spec.sysctls.insert(spec.sysctls.end(), options.sysctls.begin(), options.sysctls.end());
    if (options.link != LinkChoice::loopback) {
        spec.name_server = sandbox::peer_address_v4;
    }
    spec.mtu = options.mtu;
    spec.inheritance = inheritance;
    spec.open_link = link_opener(options.link, peers.loopback);
    return spec;
}

[[nodiscard]] int status_of(const sandbox::Error& error) {
    switch (error.kind) {
        case sandbox::Error::Kind::not_found: return exit_not_found;
        case sandbox::Error::Kind::not_executable: return exit_not_executable;
        default: return exit_cannot;
    }
}

[[nodiscard]] bool looks_at_output(const Peers& peers) {
    return std::any_of(peers.specs.begin(), peers.specs.end(), [](const peer::PeerSpec& spec) {
        const auto& expect = spec.profile->expect;
        return std::any_of(expect.begin(), expect.end(), [](const auto& expectation) {
            return !expectation.command.output.empty();
        });
    });
}

/// Null where they cannot be had.
[[nodiscard]] std::unique_ptr<observe::SocketWatcher> watch_sockets(sandbox::Sandbox& sandbox,
                                                                    const peer::Engine& engine,
                                                                    const Clock& clock,
                                                                    Sinks& sinks) {
    if (sandbox.diag()) {
        return std::make_unique<observe::SocketWatcher>(sandbox.diag().release(),
                                                        std::move(sandbox.netstat()));
    }
    if (engine.expects_outcomes()) {
        sinks.event({clock.now(), 0, 0,
                     peer::NoticeEvent{"sockets",
                                       "The kernel's sockets cannot be watched here: an `outcome` "
                                       "is told from the segments alone, and is `unknown` where "
                                       "they do not tell."}});
    }
    return nullptr;
}

}  // namespace

// The parts of a run name one another and end in the reverse order, so they stand in one place.
// NOLINTNEXTLINE(readability-function-size)
int run_command(const RunOptions& options, const sandbox::Inheritance& inheritance) {
    if (const std::string problem = missing_packet_module(); !problem.empty()) {
        complain(problem);
        return exit_cannot;
    }
    keep_a_descriptor_for_packet_module();
    if (options.timeout) {
        last_resort::prepare();
        last_resort::arm(*options.timeout + last_resort::patience, last_resort::Cause::timeout);
        last_resort::doing("the profiles are read");
    }
    if (const auto begun = begin_reports(options); !begun) {
        complain(begun.error());
        return exit_cannot;
    }
    const auto peers = resolve_peers(options, scene_of(options));
    if (!peers) {
        print_message(peers.error());
        return exit_cannot;
    }
    const std::uint64_t seed = choose_seed(options);
    SignalReader signals;
    last_resort::doing("the control interface and the program's namespaces are made");
    const auto control = open_control(options, true);
    if (!control) {
        complain(control.error());
        return exit_cannot;
    }
    if (*control) {
        if (const std::string where = describe_control(options, **control); !where.empty()) {
            complain(where);
        }
    }

    sandbox::Spec spec = make_spec(options, *peers, inheritance, seed, *control);
    std::unique_ptr<OutputTee> output;
    if (looks_at_output(*peers)) {
        auto opened = OutputTee::open();
        if (!opened) {
            complain(opened.error());
            return exit_cannot;
        }
        output = std::move(*opened);
        spec.output = output->ends();
    }
    std::jthread loading;
    // In virtual time no time passes while it is loaded, and what runs side by side does not repeat
    // exactly.
    if (options.kernel.empty() && (options.pcap_file || make_other_packets(*peers))) {
        spec.meanwhile = [&] { loading = begin_to_load_packet_module(); };
    }
    auto sandbox = sandbox::Sandbox::prepare(std::move(spec));
    if (!sandbox) {
        complain(sandbox.error().message);
        return status_of(sandbox.error());
    }
    if (!options.kernel.empty()) {
        // Every run meets the kernel's timers in the same phase, however long it took to get here.
        sleep_until(std::chrono::seconds(1));
    }
    const Clock clock;
    Sinks sinks;
    last_resort::doing("the files for its output are opened");
    if (const auto opened = open_observers(options, clock, sinks); !opened) {
        complain(opened.error());
        return exit_cannot;
    }
    const std::string remark = sandbox->link_end().remark;
    const auto link = make_link(sandbox->link_end(), options.mtu, peers->loopback);

    HugePages memory;
    peer::Settings settings = make_settings(options, *peers, seed);
    settings.memory = &memory;
    settings.virtual_time = !options.kernel.empty();
    settings.epoch = settings.virtual_time ? Duration::zero() : clock.epoch();
    settings.verify_checksums = link->verify_checksums();
    settings.name_server = options.link != LinkChoice::loopback;
    peer::Engine engine(settings, peers->specs);

    observe::Conversation* const conversation =
        have_expectations(*peers) ? keep_conversation(sinks) : nullptr;
    const auto watcher = watch_sockets(*sandbox, engine, clock, sinks);
    SocketSampler sampler(watcher.get(), engine, sinks,
                          {options.sockets, engine.expects_outcomes()});
    if (!remark.empty() && options.link == LinkChoice::automatic) {
        sinks.event({clock.now(), 0, 0, peer::NoticeEvent{"link", remark}});
    }
    if (!peers->loopback.notice.empty()) {
        sinks.event({clock.now(), 0, 0, peer::NoticeEvent{"link", peers->loopback.notice}});
    }
    for (const std::string& sentence : peers->remarks) {
        sinks.event({clock.now(), 0, 0, peer::NoticeEvent{"command-line", sentence}});
    }
    std::optional<Dialler> dialler;
    if (!peers->clients.empty()) {
        if (!sandbox->listen_diag()) {
            complain(
                "this kernel has no sock_diag (CONFIG_INET_DIAG), which tells where COMMAND "
                "listens, and a peer with `role: client` must know.");
            return exit_cannot;
        }
        std::vector<wire::Endpoint> guards = peers->loopback.places;
        guards.insert(guards.end(), peers->loopback.with_ipv6.begin(),
                      peers->loopback.with_ipv6.end());
        dialler.emplace(peers->clients, std::move(guards), sandbox->listen_diag().release(),
                        clock.now());
    }
    NameServer name_server(engine, peers->addresses_by_name, peers->relays.original, options.mtu);
    Relay relay(engine, name_server, peers->names_by_address, peers->relays.servers);
    std::optional<ControlAttendant> controller;
    if (*control) {
        controller.emplace(**control, clock, engine, sinks, *peers);
    }
    std::vector<Attendant*> attendants;
    if (controller) {
        attendants.push_back(&*controller);
    }
    if (output) {
        attendants.push_back(output.get());
    }
    RunLoop loop({clock, engine, *link, &*sandbox, signals, sinks, relay, sampler, options.timeout,
                  options.fires, options.kernel.empty(), dialler ? &*dialler : nullptr,
                  attendants});
    if (loop.problem()) {
        complain(*loop.problem());
        return exit_cannot;
    }
    last_resort::doing("COMMAND is started");
    if (const auto launched = sandbox->launch(); !launched) {
        complain(launched.error().message);
        return status_of(launched.error());
    }
    if (output) {
        output->launched();
    }
    if (options.kernel.empty()) {
        // Beside COMMAND's own start, so that nobody waits for it. A guest has nothing to protect,
        // and COMMAND's waits are looked at with ptrace(2) there.
        sandbox::confine_run(sandbox->helper());
    }
    const Outcome outcome = loop.run();
    const Instant end = clock.now();
    const auto instead = describe_instead(
        engine.attempt_count() == 0 ? process::network_use(sandbox->helper()) : std::nullopt,
        engine, name_server.unknown(), options.link == LinkChoice::loopback);
    last_resort::doing("what COMMAND has left behind is ended");
    if (!sandbox->kill()) {
        complain(
            "a process of COMMAND's is left to its end, which somebody who traces it (a debugger, "
            "strace) holds up.");
    }
    last_resort::put_off();
    last_resort::doing("the trace and the reports are written");
    if (output) {
        output->finish();
    }

    if (outcome.exit) {
        sinks.exit(end, *outcome.exit);
    }
    sinks.finish();
    observe::RunSummary run = summarize(options, outcome, engine, sinks, end, seed);
    run.expected_status = options.expected_status;
    run.instead = instead;
    if (output) {
        run.output = output->texts();
    }
    run.link = link->describe();
    run.kernel = options.kernel;
    if (dialler) {
        run.undialled = dialler->undialled();
    }
    if (const auto lost = controller ? controller->lost() : std::nullopt) {
        run.lost.push_back({*lost, false});
    }
    if (conversation != nullptr) {
        conversation->forget_after(outcome.concluded);
    }
    const observe::Verdict verdict =
        tell_verdict(options, std::move(run), sinks, conversation, end);
    if (controller) {
        controller->end();
    }
    return verdict.status;
}

}  // namespace ghostpeer::app
