#include "profile/language/draft.hpp"

#include "profile/document/source.hpp"

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

}  // namespace

void read_tcp_of(const Entry& entry, Draft& draft, Context& context) {
    draft.profile.constant_fault = true;
    read_tcp(entry, draft.tcp, context);
}

void read_ip_of(const Entry& entry, Draft& draft, Context& context) {
    draft.profile.constant_fault = true;
    read_ip(entry, draft.profile.ip, context);
}

void read_service_of(const Entry& entry, Draft& draft, Context& context) {
    draft.service = &entry;
    read_service(entry, draft.profile.service, context);
    draft.profile.constant_fault = draft.profile.constant_fault ||
                                   (!is_of_healthy(entry) && !is_honest(draft.profile.service));
}

void read_after_eof_of(const Entry& entry, Draft& draft, Context& context) {
    draft.profile.constant_fault = true;
    read_after_eof(entry, draft.profile.after_eof, context);
}

void read_rules_of(const Entry& entry, Draft& draft, Context& context) {
    read_rules(entry, draft.rules, context);
}

}  // namespace ghostpeer::profile
