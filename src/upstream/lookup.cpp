#include "upstream/lookup.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

namespace ghostpeer::upstream {
namespace {

// One that hangs must not keep the others waiting; more than these at once is no ordinary run.
constexpr unsigned most_threads = 8;

[[nodiscard]] wire::IpAddress address_of(const sockaddr* address) {
    if (address->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, address, sizeof(v4));
        return wire::IpAddress::v4(ntohl(v4.sin_addr.s_addr));
    }
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof(v6));
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return wire::IpAddress::v6(bytes);
}

[[nodiscard]] LookupResult look_up(std::string host) {
    LookupResult result;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (error == EAI_NONAME || error == EAI_ADDRFAMILY) {
        // A machine that has no address but loopback's may still have names for that.
        hints.ai_flags = 0;
        error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
    }
    if (error != 0) {
        result.error = error == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(error);
    } else {
        for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
            if (one->ai_family == AF_INET || one->ai_family == AF_INET6) {
                result.addresses.push_back(address_of(one->ai_addr));
            }
        }
        freeaddrinfo(found);
        if (result.addresses.empty()) {
            result.error = "it has no address";
        }
    }
    result.host = std::move(host);
    return result;
}

}  // namespace

struct Lookup::Shared {
    FileDescriptor ready{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::mutex mutex;
    std::deque<std::string> waiting;
    std::set<std::string> pending;  ///< waiting or being asked for
    std::vector<LookupResult> results;
    unsigned threads = 0;
    bool over = false;

    void post(LookupResult&& result) {
        pending.erase(result.host);
        results.push_back(std::move(result));
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = write(ready.get(), &one, sizeof(one));
    }

    static void work(const std::shared_ptr<Shared>& shared) {
        std::unique_lock lock(shared->mutex);
        while (!shared->over && !shared->waiting.empty()) {
            std::string host = std::move(shared->waiting.front());
            shared->waiting.pop_front();
            lock.unlock();
            LookupResult result = look_up(std::move(host));
            lock.lock();
            shared->post(std::move(result));
        }
        --shared->threads;
    }
};

Lookup::Lookup() : shared_(std::make_shared<Shared>()) {}

Lookup::~Lookup() {
    const std::lock_guard lock(shared_->mutex);
    shared_->over = true;
    shared_->waiting.clear();
}

int Lookup::fd() const noexcept { return shared_->ready.get(); }

void Lookup::ask(const std::string& host) {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->pending.insert(host).second) {
        return;
    }
    shared_->waiting.push_back(host);
    if (shared_->threads >= most_threads) {
        return;
    }
    try {
        std::thread(&Shared::work, shared_).detach();
        ++shared_->threads;
    } catch (const std::system_error&) {
        if (shared_->threads == 0) {
            shared_->waiting.clear();
            shared_->post({host, {}, "no thread can be started to look it up"});
        }
    }
}

std::vector<LookupResult> Lookup::take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read_bytes = read(fd(), &count, sizeof(count));
    const std::lock_guard lock(shared_->mutex);
    return std::exchange(shared_->results, {});
}

}  // namespace ghostpeer::upstream
