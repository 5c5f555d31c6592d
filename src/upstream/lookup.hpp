// Names of real servers, looked up beside the engine.
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "posix/file_descriptor.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::upstream {

struct LookupResult {
    std::string host;
    std::vector<wire::IpAddress> addresses;  ///< in the order in which to try them; may be empty
    std::string error;                       ///< the system's words; empty: there are addresses
};

/// getaddrinfo(3) in threads of its own, so that nobody waits for a slow name server. Threads
/// that still wait for one are left behind when the object goes; they touch nothing of it.
class Lookup {
  public:
    Lookup();
    ~Lookup();
    Lookup(const Lookup&) = delete;
    Lookup& operator=(const Lookup&) = delete;

    /// Readable when there are results.
    [[nodiscard]] int fd() const noexcept;
    /// Asks for a name, unless it is being asked for already.
    void ask(const std::string& host);
    [[nodiscard]] std::vector<LookupResult> take();

  private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

}  // namespace ghostpeer::upstream
