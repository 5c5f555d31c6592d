// Fields of packets, under the names that this room uses.
#pragma once

#include "wire/big_endian.hpp"

namespace ghostpeer::link {

using wire::ByteView;
using wire::MutableBytes;
using wire::read_u16;
using wire::read_u32;
using wire::write_u16;
using wire::write_u32;

}  // namespace ghostpeer::link
