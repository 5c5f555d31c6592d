// Whether the events of a rule have what its forged packets need.
#include "profile/language/rule_parts.hpp"
#include "profile/segment/sequence_sum.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace ghostpeer::profile {

namespace {

using tcp::Kind;
using tcp::Reason;

/// The first event for which it holds; null: none.
template <class Predicate>
const Event* first_event(const RuleParts& rule, Predicate predicate) {
    const auto found = std::find_if(rule.events.begin(), rule.events.end(),
                                    [&](const EventAt& each) { return predicate(each.event); });
    return found == rule.events.end() ? nullptr : &found->event;
}

bool arrives(const Event& event) noexcept { return std::holds_alternative<OnReceive>(event); }

bool never_has_payload(const Event& event) noexcept {
    if (const auto* on = std::get_if<OnReceive>(&event)) {
        return on->kind == Kind::ack || on->kind == Kind::keepalive_probe ||
               on->kind == Kind::window_probe;
    }
    const auto* on = std::get_if<OnSend>(&event);
    return on != nullptr && on->reason && on->reason != Reason::data && on->reason != Reason::fin &&
           on->reason != Reason::window_probe;
}

bool speaks_of_segment(const std::optional<SequenceExpression>& sum) noexcept {
    return sum && needs_segment(*sum);
}

bool speaks_of_segment(const SegmentFields& fields) noexcept {
    const bool in_sack =
        fields.sack && std::any_of(fields.sack->begin(), fields.sack->end(), [](const auto& block) {
            return needs_segment(block.left) || needs_segment(block.right);
        });
    return in_sack || speaks_of_segment(fields.seq) || speaks_of_segment(fields.ack);
}

bool speaks_of_segment(const Action& action) noexcept {
    if (const auto* reset = std::get_if<Reset>(&action)) {
        return speaks_of_segment(reset->seq) || speaks_of_segment(reset->ack);
    }
    if (const auto* connect = std::get_if<Connect>(&action)) {
        return speaks_of_segment(connect->isn);
    }
    if (const auto* set = std::get_if<Set>(&action)) {
        return speaks_of_segment(*set->fields);
    }
    if (const auto* send = std::get_if<Send>(&action)) {
        return speaks_of_segment(*send->fields);
    }
    const auto* icmp = std::get_if<Icmp>(&action);
    return icmp != nullptr && speaks_of_segment(icmp->seq);
}

void check_numbers(const RuleParts& rule, const ActionAt& each, Errors& errors) {
    const auto* event = first_event(rule, [](const Event& on) { return !is_segment_event(on); });
    if (event != nullptr && speaks_of_segment(each.action)) {
        errors.add(*each.at, "`seg.seq`, `seg.ack` and `seg.end` need a segment, and " +
                                 quoted_event(*event) + " has none");
    }
}

bool sets_payload(const ActionAt& each) noexcept {
    const auto* set = std::get_if<Set>(&each.action);
    return set != nullptr && set->fields->payload;
}

void check_payload(const RuleParts& rule, const ActionAt& each, Errors& errors) {
    const auto* corrupt = std::get_if<Corrupt>(&each.action);
    if (corrupt == nullptr || corrupt->what != Corrupt::What::payload) {
        return;
    }
    if (const auto* event = first_event(rule, never_has_payload)) {
        errors.add(*each.at,
                   "`corrupt: payload` needs payload, and " + quoted_event(*event) + " has none");
    }
}

void check_direction(const RuleParts& rule, const ActionAt& each, Errors& errors) {
    if (std::holds_alternative<Fragment>(each.action)) {
        if (const auto* event = first_event(rule, arrives)) {
            errors.add(*each.at, "`fragment` is for segments that leave, and " +
                                     quoted_event(*event) + " is one that arrives");
        }
    }
    const auto* set = std::get_if<Set>(&each.action);
    if (set != nullptr && set->fields->from) {
        if (const auto* event = first_event(rule, arrives)) {
            errors.add(*each.at, "`from` is for segments that leave, and " + quoted_event(*event) +
                                     " is one that arrives");
        }
    }
    const auto* icmp = std::get_if<Icmp>(&each.action);
    if (icmp != nullptr && icmp->about == Icmp::About::received) {
        const auto* event = first_event(rule, [](const Event& on) { return !arrives(on); });
        if (event != nullptr) {
            errors.add(*each.at, "`about: received` needs a segment that arrives, and " +
                                     quoted_event(*event) +
                                     " has none; `last-received` is the last before it");
        }
    }
}

/// The version of IP that `when` leaves, where it leaves one alone: 4 or 6.
std::optional<bool> is_v4(const When& when) noexcept {
    if (when.over_ipv6) {
        return !*when.over_ipv6;
    }
    const auto& blocks = when.addresses;
    const auto is = [](const wire::AddressBlock& block) { return block.first.is_v4(); };
    if (blocks.empty() || (std::any_of(blocks.begin(), blocks.end(), is) &&
                           !std::all_of(blocks.begin(), blocks.end(), is))) {
        return std::nullopt;
    }
    return is(blocks.front());
}

std::optional<wire::IpAddress> source_of(const Action& action) noexcept {
    const auto* set = std::get_if<Set>(&action);
    const auto* send = std::get_if<Send>(&action);
    const auto* icmp = std::get_if<Icmp>(&action);
    if (icmp != nullptr) {
        return icmp->message.from ? icmp->message.from : icmp->message.gateway;
    }
    const SegmentFields* fields = set != nullptr    ? set->fields.get()
                                  : send != nullptr ? send->fields.get()
                                                    : nullptr;
    return fields != nullptr && fields->from ? fields->from->address : std::nullopt;
}

/// What the version of IP that the rule is for does not have.
void check_version(const RuleParts& rule, const ActionAt& each, Errors& errors) {
    const auto v4 = is_v4(rule.filters.when);
    if (!v4) {
        return;
    }
    const std::string of = *v4 ? "IPv4" : "IPv6";
    const auto source = source_of(each.action);
    if (source && source->is_v4() != *v4) {
        errors.add(*each.at, source->to_string() + " is no address of " + of +
                                 ", and the rule is for that alone");
    }
    const auto* icmp = std::get_if<Icmp>(&each.action);
    if (icmp != nullptr && !wire::exists(icmp->message.kind, *v4)) {
        errors.add(*each.at, (*v4 ? "ICMP" : "ICMPv6") + std::string(" has no ") +
                                 in_quotes(wire::name(icmp->message.kind)) +
                                 ", and the rule is for " + of + " alone");
    }
}

}  // namespace

void check_forgeries(const RuleParts& rule, Errors& errors) {
    const bool gets_payload = std::any_of(rule.actions.begin(), rule.actions.end(), sets_payload);
    for (const auto& each : rule.actions) {
        check_numbers(rule, each, errors);
        if (!gets_payload) {
            check_payload(rule, each, errors);
        }
        check_direction(rule, each, errors);
        check_version(rule, each, errors);
    }
}

}  // namespace ghostpeer::profile
