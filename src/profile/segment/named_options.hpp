// TCP options that the peer does not speak itself, and what stands between IP and TCP.
#pragma once

#include "profile/document/words.hpp"

#include "ghostpeer/profile/forgery.hpp"

namespace ghostpeer::profile {

/// `request`, or a cookie in hexadecimal (RFC 7413, 4.1.1).
void read_fast_open(const Entry& entry, SegmentFields& fields, Context& context);
/// Up to three counters of bytes (RFC 9768, 3.2.3).
void read_accecn(const Entry& entry, SegmentFields& fields, Context& context);
/// Any others, in hexadecimal.
void read_more_options(const Entry& entry, SegmentFields& fields, Context& context);
/// The key of a signature (RFC 2385).
void read_md5(const Entry& entry, SegmentFields& fields, Context& context);
void read_ip_options(const Entry& entry, SegmentFields& fields, Context& context);
/// `hop-by-hop`, `{destination: HEX}`, or a list of them.
void read_extension_headers(const Entry& entry, SegmentFields& fields, Context& context);

}  // namespace ghostpeer::profile
