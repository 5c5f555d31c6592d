#include "ghostpeer/profile/expectation.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "ghostpeer/profile/rule.hpp"
#include "wire/overloaded.hpp"

namespace ghostpeer::profile {

std::string to_string(const Event& event) {
    return std::visit(
        Overloaded{
            [](const OnReceive& on) {
                return "receive " + std::string(on.kind ? tcp::name(*on.kind) : "any");
            },
            [](const OnSend& on) {
                return "send " + std::string(on.reason ? tcp::name(*on.reason) : "any");
            },
            [](const OnEnter& on) { return "enter " + std::string(tcp::name(on.state)); },
            [](const OnStart&) { return std::string("start"); },
            [](const OnReceived& on) { return "received " + std::to_string(on.bytes); },
            [](const OnSent& on) { return "sent " + std::to_string(on.bytes); },
            [](const OnIdle& on) { return "idle " + format_time(on.length); },
            [](const OnCommand& on) { return "command " + on.name; },
            [](const OnReceivedPattern& on) {
                return on.pattern.fixed_size() == 0 ? "received " + on.pattern.text()
                                                    : "received \"" + on.pattern.text() + '"';
            },
            [](const OnRepeatedRequest&) { return std::string("repeated request"); },
            [](const OnRequest& on) { return "request " + std::to_string(on.number); },
            [](const OnResponse& on) { return "response " + std::to_string(on.number); },
        },
        event);
}

std::string_view name(Outcome outcome) noexcept {
    switch (outcome) {
        case Outcome::open: return "open";
        case Outcome::closed: return "closed";
        case Outcome::reset: return "reset";
        case Outcome::refused: return "refused";
        case Outcome::timed_out: return "timed-out";
        case Outcome::unknown: return "unknown";
    }
    return "?";
}

std::string_view name(const Action& action) noexcept {
    using View = std::string_view;
    return std::visit(Overloaded{
                          [](const Drop&) { return View("drop"); },
                          [](const Delay&) { return View("delay"); },
                          [](const Duplicate&) { return View("duplicate"); },
                          [](const Reset&) { return View("reset"); },
                          [](const Close&) { return View("close"); },
                          [](const Shutdown&) { return View("shutdown"); },
                          [](const Forget&) { return View("forget"); },
                          [](const Say&) { return View("say"); },
                          [](const StopReading&) { return View("stop-reading"); },
                          [](const ResumeReading&) { return View("resume-reading"); },
                          [](const SetWindow&) { return View("window"); },
                          [](const StopAcking&) { return View("stop-acking"); },
                          [](const ResumeAcking&) { return View("resume-acking"); },
                          [](const Blackhole&) { return View("blackhole"); },
                          [](const Revive&) { return View("revive"); },
                          [](const Log&) { return View("log"); },
                          [](const Finish&) { return View("finish"); },
                          [](const Become&) { return View("become"); },
                          [](const Corrupt&) { return View("corrupt"); },
                          [](const Set&) { return View("set"); },
                          [](const Fragment&) { return View("fragment"); },
                          [](const Send&) { return View("send"); },
                          [](const Icmp&) { return View("icmp"); },
                          [](const Connect&) { return View("connect"); },
                          [](const HoldUntil&) { return View("hold"); },
                          [](const ChangeLink&) { return View("link"); },
                          [](const SetInterface&) { return View("interface"); },
                      },
                      action);
}

std::string_view name(InterfaceState state) noexcept {
    switch (state) {
        case InterfaceState::up: return "up";
        case InterfaceState::down: return "down";
        case InterfaceState::no_carrier: return "no-carrier";
        case InterfaceState::no_route: return "no-route";
    }
    return {};
}

bool decides_fate(const Action& action) noexcept {
    return std::holds_alternative<Drop>(action) || std::holds_alternative<Delay>(action) ||
           std::holds_alternative<HoldUntil>(action) || std::holds_alternative<Duplicate>(action) ||
           changes_segment(action);
}

bool changes_segment(const Action& action) noexcept {
    return std::holds_alternative<Corrupt>(action) || std::holds_alternative<Set>(action) ||
           std::holds_alternative<Fragment>(action);
}

std::string_view name(Corrupt::What what) noexcept {
    switch (what) {
        case Corrupt::What::tcp_checksum: return "tcp-checksum";
        case Corrupt::What::ip_checksum: return "ip-checksum";
        case Corrupt::What::payload: return "payload";
    }
    return "?";
}

}  // namespace ghostpeer::profile
