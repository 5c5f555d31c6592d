#include "run/serve_command.hpp"

#include "access/control_part.hpp"
#include "event/exit_status.hpp"
#include "loop/last_resort.hpp"
#include "packets/loading.hpp"
#include "posix/message.hpp"
#include "run/assembly.hpp"
#include "run/lan_part.hpp"
#include "run/notifier.hpp"
#include "run/observers.hpp"
#include "run/reloader.hpp"
#include "sandbox/caretaker.hpp"
#include "sandbox/confinement.hpp"
#include "setup/engine_setup.hpp"
#include "setup/peers.hpp"
#include "setup/serve_files.hpp"
#include "setup/serve_link.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <unistd.h>
#include <algorithm>
#include <cstdlib>

namespace ghostpeer::run {
namespace {

/// `192.0.2.50:80 [2001:db8::50]:80`, or addresses alone where every port is the peer's.
[[nodiscard]] std::string places(const setup::ServeOptions& options, const setup::Peers& peers) {
    std::vector<std::string> texts;
    const auto add = [&](std::string text) {
        if (std::find(texts.begin(), texts.end(), text) == texts.end()) {
            texts.push_back(std::move(text));
        }
    };
    for (const peer::PeerSpec& spec : peers.specs) {
        std::vector<wire::IpAddress> addresses = spec.addresses;
        if (addresses.empty()) {
            for (const link::OwnAddress& own : options.addresses) {
                addresses.push_back(own.address);
            }
        }
        for (const wire::IpAddress& address : addresses) {
            add(spec.port ? wire::Endpoint{address, *spec.port}.to_string() : address.to_string());
        }
    }
    return fmt::format("{}", fmt::join(texts, " "));
}

[[nodiscard]] std::vector<wire::IpAddress> served_addresses(const setup::ServeOptions& options,
                                                            const setup::Peers& peers) {
    std::vector<wire::IpAddress> all;
    const auto add = [&](const wire::IpAddress& address) {
        if (std::find(all.begin(), all.end(), address) == all.end()) {
            all.push_back(address);
        }
    };
    for (const link::OwnAddress& own : options.addresses) {
        add(own.address);
    }
    for (const peer::PeerSpec& spec : peers.specs) {
        std::for_each(spec.addresses.begin(), spec.addresses.end(), add);
    }
    return all;
}

/// Peers with `role: client` dial once the peer can be answered.
void dial(const setup::ServeOptions& options, const setup::Peers& peers, peer::Engine& engine,
          Instant now) {
    for (const setup::ClientPeer& client : peers.clients) {
        const auto& to = *options.dial;
        std::optional<wire::IpAddress> from;
        const auto consider = [&](const wire::IpAddress& address) {
            if (!from && address.is_v4() == to.address.is_v4()) {
                from = address;
            }
        };
        for (const wire::IpAddress& address : peers.specs[client.spec].addresses) {
            consider(address);
        }
        for (const link::OwnAddress& own : options.addresses) {
            if (peers.specs[client.spec].addresses.empty()) {
                consider(own.address);
            }
        }
        if (from) {
            engine.dial({client.spec, *from, to, client.ports}, now);
        }
    }
}

/// What needs privileges is open; none are left.
struct Prepared {
    loop::Clock clock;
    loop::SignalReader signals;
    setup::ServedLink served;
    loop::Sinks sinks;
    Notifier notifier;
    std::optional<sandbox::Caretaker> caretaker;  ///< of the control socket
    std::optional<access::ControlAccess> control;
};

/// The error is a complete sentence.
[[nodiscard]] tl::expected<void, std::string> prepare_control(
    const setup::ServeOptions& options, const std::optional<sandbox::Identity>& identity,
    Prepared& prepared) {
    // Who called sudo is meant to use it.
    const auto owner =
        identity ? std::optional(control::Owner{identity->uid, identity->gid}) : std::nullopt;
    auto control = access::open_control(options, false, owner);
    if (!control) {
        return tl::make_unexpected(control.error());
    }
    if (!*control) {
        return {};
    }
    control::Listener& listener = (*control)->listener;
    if (const auto& file = listener.file()) {
        auto caretaker = sandbox::Caretaker::start(file->folder(), file->name());
        if (!caretaker) {
            return tl::make_unexpected(caretaker.error().message);
        }
        prepared.caretaker.emplace(std::move(*caretaker));
        listener.leave();
    }
    prepared.control.emplace(std::move(**control));
    complain(access::describe_control(options, *prepared.control));
    return {};
}

/// The error is a complete sentence.
[[nodiscard]] tl::expected<void, std::string> prepare(const setup::ServeOptions& options,
                                                      const setup::Peers& peers, std::uint64_t seed,
                                                      const sandbox::Inheritance& inheritance,
                                                      Prepared& prepared) {
    const auto identity = sandbox::choose_identity(options.user);
    if (!identity) {
        return tl::make_unexpected(identity.error().message);
    }
    auto served = setup::open_served_link(options, peers, seed, prepared.clock.now());
    if (!served) {
        return tl::make_unexpected(served.error());
    }
    prepared.served = std::move(*served);
    if (auto opened =
            open_observers(options, prepared.clock,
                           fmt::format("profiles: {}; seed {}; serve",
                                       fmt::join(setup::profile_names(peers), ", "), seed),
                           prepared.sinks);
        !opened) {
        return opened;
    }
    if (auto controlled = prepare_control(options, *identity, prepared); !controlled) {
        return controlled;
    }
    for (const int fd : inheritance.descriptors) {
        ::close(fd);
    }
    const setup::ServedFiles files(peers);
    if (const auto confined = sandbox::confine(*identity, files.visible(), peers.relays.servers);
        !confined) {
        return tl::make_unexpected(confined.error().message);
    }
    return {};
}

/// `left_behind`: a thread of the control interface still works on a request.
[[nodiscard]] int serve(const setup::ServeOptions& options, const setup::Peers& peers,
                        std::uint64_t seed, Prepared& prepared, bool& left_behind) {
    const loop::Clock& clock = prepared.clock;
    link::Link& link = *prepared.served.link;
    loop::Sinks& sinks = prepared.sinks;
    Assembly assembly({options,
                       peers,
                       seed,
                       clock,
                       prepared.signals,
                       sinks,
                       link,
                       link.mtu(),
                       prepared.control ? &*prepared.control : nullptr,
                       {},
                       nullptr,
                       false,
                       false,
                       false,
                       {},
                       served_addresses(options, peers)});
    peer::Engine& engine = assembly.engine();
    const auto ready = [&](Instant now) {
        const std::string where = places(options, peers);
        if (!print_output("ready: " + where + "\n")) {
            complain("standard output is closed, so nobody was told that the peer is ready.");
        }
        prepared.notifier.tell(fmt::format("READY=1\nSTATUS=The peer is at {}", where));
        dial(options, peers, engine, now);
    };
    Reloader reloader(options, peers, clock, engine, sinks, prepared.notifier);
    assembly.ending().offer_signals(
        [&](int number, Instant now) { return reloader.signal(number, now); });
    std::optional<LanPart> lan;
    setup::ServedLink& served = prepared.served;
    if (served.presence) {
        lan.emplace(LanPart::Parts{options.interface, std::move(served.neighbours),
                                   std::move(served.news), served.index, served.own,
                                   *served.presence, link, sinks, ready});
        assembly.add(*lan);
    }
    if (const auto& problem = assembly.problem()) {
        complain(*problem);
        return exit_cannot;
    }
    assembly.tell_remarks();
    if (!lan) {
        ready(clock.now());
    }
    const Outcome outcome = assembly.run();
    prepared.notifier.tell("STOPPING=1");
    const Instant end = clock.now();
    const event::Verdict verdict = assembly.tell(assembly.sum_up(outcome, end), end);
    left_behind = !assembly.close_control();
    return verdict.status;
}

}  // namespace

int serve_command(const setup::ServeOptions& options, const sandbox::Inheritance& inheritance) {
    if (options.timeout) {
        last_resort::prepare();
        last_resort::arm(*options.timeout + last_resort::patience, last_resort::Cause::timeout);
        last_resort::doing("the profiles are read");
    }
    if (const auto begun = begin_reports(options); !begun) {
        complain(begun.error());
        return exit_cannot;
    }
    auto peers = setup::resolve_peers(options, setup::Scene::serve);
    if (!peers) {
        print_message(peers.error());
        return exit_cannot;
    }
    // Later there is nobody to tell. What reaches a peer by loopback is TCP alone.
    if (options.link != setup::ServeOptions::Link::loopback || setup::make_other_packets(*peers)) {
        if (const std::string problem = packets::load_packet_module(); !problem.empty()) {
            complain(problem);
            return exit_cannot;
        }
    }
    if (options.link == setup::ServeOptions::Link::loopback) {
        if (const auto placed = setup::place_served(options, *peers); !placed) {
            complain(placed.error());
            return exit_cannot;
        }
    }
    const std::uint64_t seed = choose_seed(options);
    std::optional<Prepared> prepared;
    prepared.emplace();
    last_resort::doing("the link and the outputs are opened");
    if (const auto done = prepare(options, *peers, seed, inheritance, *prepared); !done) {
        complain(done.error());
        return exit_cannot;
    }
    bool left_behind = false;
    const int status = serve(options, *peers, seed, *prepared, left_behind);
    if (left_behind) {
        prepared.reset();
        std::_Exit(status);
    }
    return status;
}

}  // namespace ghostpeer::run
