// UDP datagrams (RFC 768).
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "ghostpeer/wire/segment.hpp"

namespace ghostpeer::wire {

/// One UDP datagram as a value.
struct Datagram {
    Endpoint source{};
    Endpoint destination{};
    Bytes payload{};
    friend bool operator==(const Datagram&, const Datagram&) = default;
};

}  // namespace ghostpeer::wire
