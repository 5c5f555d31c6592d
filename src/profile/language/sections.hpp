// The parts of a profile beside its rules.
#pragma once

#include "ghostpeer/profile/profile.hpp"
#include "profile/document/words.hpp"

namespace ghostpeer::profile {

void read_service(const Entry& entry, Service& service, Context& context);
void read_after_eof(const Entry& entry, AfterEof& after_eof, Context& context);

/// What `tcp` says of the retransmission timer; kept apart until the whole chain has been read.
struct TcpParts {
    tcp::Config config;
    const Entry* rto = nullptr;
    const Entry* rto_max = nullptr;
    bool nagle_given = false;
};

/// Overwrites what the entry names.
void read_tcp(const Entry& entry, TcpParts& tcp, Context& context);
/// Brings the limits of the retransmission timer in line with each other, and gives a relay that
/// nothing is said of the window that Linux would come to for a fast reader.
[[nodiscard]] tcp::Config finish_tcp(TcpParts parts, const Service& service, Errors& errors);

void read_ip(const Entry& entry, IpConfig& ip, Context& context);

using Sysctls = std::vector<std::pair<std::string, std::string>>;
void read_sysctl(const Entry& entry, Sysctls& sysctls, Context& context);

}  // namespace ghostpeer::profile
