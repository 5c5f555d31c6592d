// YAML's escapes and the bytes that they do not stand for.
#pragma once

#include "profile/document/errors.hpp"

namespace ghostpeer::profile {

/// In double quotes `\x80` and above are characters, each of two bytes in what is sent: who writes
/// them means bytes, and is told the way to say so.
void refuse_byte_escape(const YamlNode& scalar, Errors& errors);

}  // namespace ghostpeer::profile
