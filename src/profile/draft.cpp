#include "profile/draft.hpp"

namespace ghostpeer::profile {

void read_tcp_of(const Entry& entry, Draft& draft, Context& context) {
    read_tcp(entry, draft.tcp, context);
}

void read_ip_of(const Entry& entry, Draft& draft, Context& context) {
    read_ip(entry, draft.profile.ip, context);
}

void read_service_of(const Entry& entry, Draft& draft, Context& context) {
    draft.service = &entry;
    read_service(entry, draft.profile.service, context);
}

void read_after_eof_of(const Entry& entry, Draft& draft, Context& context) {
    read_after_eof(entry, draft.profile.after_eof, context);
}

void read_rules_of(const Entry& entry, Draft& draft, Context& context) {
    read_rules(entry, draft.rules, context);
}

}  // namespace ghostpeer::profile
