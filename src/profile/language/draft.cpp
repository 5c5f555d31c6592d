#include "profile/language/draft.hpp"

#include "profile/document/source.hpp"
#include "profile/link/reader.hpp"

#include <variant>

namespace ghostpeer::profile {

namespace {

/// The control of all others.
bool is_of_healthy(const Entry& entry) {
    const SourceText& source = *entry.key.source;
    return source.in_catalogue() && *source.name() == "healthy";
}

bool is_honest(const Service& service) {
    return std::holds_alternative<Echo>(service) || std::holds_alternative<Relay>(service);
}

void be_a_fault(Profile& profile) {
    profile.constant_fault = true;
    profile.fault_in_answer = false;
}

/// How the peer cuts what it says is no fault: an answer in small pieces takes Nagle's off.
[[nodiscard]] bool is_of_nagle_alone(const Entry& tcp) {
    return tcp.value.entries.size() == 1 && tcp.value.entries.front().key.text == "nagle";
}

[[nodiscard]] bool answers_something(const Service& service) {
    const auto* respond = std::get_if<Respond>(&service);
    return respond != nullptr && respond->content && !respond->content->empty();
}

}  // namespace

void read_tcp_of(const Entry& entry, Draft& draft, Context& context) {
    if (!is_of_nagle_alone(entry)) {
        be_a_fault(draft.profile);
    }
    read_tcp(entry, draft.tcp, context);
}

void read_ip_of(const Entry& entry, Draft& draft, Context& context) {
    be_a_fault(draft.profile);
    read_ip(entry, draft.profile.ip, context);
}

void read_link_of(const Entry& entry, Draft& draft, Context& context) {
    be_a_fault(draft.profile);
    draft.link = &entry;
    read_link(entry, draft.way, context);
}

void read_service_of(const Entry& entry, Draft& draft, Context& context) {
    draft.service = &entry;
    read_service(entry, draft.profile.service, context);
    Profile& profile = draft.profile;
    // Another service takes the place of an extended profile's, and of the fault that it was.
    if (!profile.constant_fault || profile.fault_in_answer) {
        profile.constant_fault = !is_of_healthy(entry) && !is_honest(profile.service);
        profile.fault_in_answer = profile.constant_fault && answers_something(profile.service);
    }
}

void read_after_eof_of(const Entry& entry, Draft& draft, Context& context) {
    be_a_fault(draft.profile);
    read_after_eof(entry, draft.profile.after_eof, context);
}

void read_rules_of(const Entry& entry, Draft& draft, Context& context) {
    read_rules(entry, draft.rules, context);
}

}  // namespace ghostpeer::profile
