#include "run/run_setup.hpp"

#include "event/exit_status.hpp"
#include "setup/link_setup.hpp"
#include "setup/option_text.hpp"

#include <algorithm>

namespace ghostpeer::run {
namespace {

/// What stands in COMMAND's hosts file is never asked for: a name that `--dns` speaks of is not
/// there.
[[nodiscard]] std::vector<sandbox::Spec::Host> hosts_of(const setup::Peers& peers) {
    std::vector<sandbox::Spec::Host> hosts;
    const auto asked_for = [&](const std::string& name) {
        return std::any_of(peers.dns.begin(), peers.dns.end(), [&](const setup::DnsOption& option) {
            return option.name.empty() || option.name == name;
        });
    };
    for (const setup::HostName& host : peers.names) {
        const bool left_out = asked_for(setup::in_lower_case(host.name));
        hosts.push_back({host.name, left_out ? std::vector<std::string>() : host.addresses});
    }
    for (const setup::DnsOption& option : peers.dns) {
        if (!option.name.empty()) {
            hosts.push_back({option.name, {}});
        }
    }
    return hosts;
}

}  // namespace

sandbox::Spec make_spec(const setup::RunOptions& options, const setup::Peers& peers,
                        const sandbox::Inheritance& inheritance, std::uint64_t seed,
                        const std::optional<access::ControlAccess>& control) {
    sandbox::Spec spec;
    spec.command = options.command;
    spec.environment = {
        {"GHOSTPEER_ADDR", peers.address},
        {"GHOSTPEER_ADDR6", peers.address6},
        {"GHOSTPEER_PORT", std::to_string(peers.port.value_or(setup::default_port))},
        {"GHOSTPEER_SEED", std::to_string(seed)},
    };
    // COMMAND is not to control a ghostpeer around this one in its place.
    spec.unset = {"GHOSTPEER_CONTROL", "GHOSTPEER_CONTROL_TCP", "GHOSTPEER_CONTROL_TOKEN"};
    if (control) {
        spec.kept_outside.push_back(control->listener.fd());
    }
    // TCP of this machine's loopback is out of COMMAND's reach.
    if (control && !control->listener.address().is_tcp()) {
        spec.environment.emplace_back("GHOSTPEER_CONTROL", control->address());
    }
    if (control && !control->command_token.empty()) {
        spec.door_variable = "GHOSTPEER_CONTROL_TCP";
        spec.environment.emplace_back("GHOSTPEER_CONTROL_TOKEN", control->command_token);
    }
    spec.hosts = hosts_of(peers);
    spec.names_by_server = !peers.dns.empty();
    spec.sysctls = peers.sysctls;
    spec.sysctls.insert(spec.sysctls.end(), options.sysctls.begin(), options.sysctls.end());
    if (options.link != setup::LinkChoice::loopback) {
        spec.name_server = sandbox::peer_address_v4;
    }
    spec.mtu = options.mtu;
    spec.inheritance = inheritance;
    spec.open_link = setup::link_opener(options.link, peers.loopback);
    return spec;
}

int status_of(const sandbox::Error& error) {
    switch (error.kind) {
        case sandbox::Error::Kind::not_found: return exit_not_found;
        case sandbox::Error::Kind::not_executable: return exit_not_executable;
        default: return exit_cannot;
    }
}

bool looks_at_output(const setup::Peers& peers) {
    return std::any_of(peers.specs.begin(), peers.specs.end(), [](const peer::PeerSpec& spec) {
        const auto& expect = spec.profile->expect;
        return std::any_of(expect.begin(), expect.end(), [](const auto& expectation) {
            return !expectation.command.output.empty();
        });
    });
}

std::vector<std::pair<std::string, std::string>> find_unmet_peers(const setup::Peers& peers,
                                                                  const peer::Engine& engine) {
    std::vector<std::pair<std::string, std::string>> unmet;
    for (std::size_t i = 0; i < peers.specs.size() && engine.attempt_count() > 0; ++i) {
        const peer::PeerSpec& spec = peers.specs[i];
        if (!spec.name.empty() && spec.name != "default" &&
            spec.profile->role == profile::Role::server && engine.attempts_of(i) == 0) {
            unmet.emplace_back(spec.name, spec.profile->name);
        }
    }
    return unmet;
}

}  // namespace ghostpeer::run
