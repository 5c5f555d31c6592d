// The asking side of the module: what `ctl` uses.
#include "http/server.hpp"

#include <httplib.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace ghostpeer::http {
namespace {

class UnixClient final : public httplib::ClientImpl {
  public:
    explicit UnixClient(std::string path)
        : httplib::ClientImpl("localhost"), path_(std::move(path)) {}

    [[nodiscard]] int error() const noexcept { return error_; }

  private:
    bool create_and_connect_socket(Socket& socket, httplib::Error& error) override {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const int fd = path_.size() < sizeof address.sun_path
                           ? ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)
                           : -1;
        std::memcpy(address.sun_path, path_.data(),
                    std::min(path_.size(), sizeof address.sun_path - 1));
        if (fd < 0 ||
            ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            error_ = fd < 0 && path_.size() >= sizeof address.sun_path ? ENAMETOOLONG : errno;
            if (fd >= 0) {
                ::close(fd);
            }
            error = httplib::Error::Connection;
            return false;
        }
        socket.sock = fd;
        return true;
    }

    std::string path_;
    int error_ = 0;
};

[[nodiscard]] httplib::Result send(httplib::ClientImpl& client, const Exchange& what) {
    client.set_read_timeout(what.patience);
    client.set_write_timeout(what.patience);
    client.set_url_encode(false);  // it is encoded
    httplib::Request request;
    request.method = what.request.method;
    request.path = what.request.target;
    for (const auto& [name, value] : what.request.headers) {
        request.headers.emplace(name, value);
    }
    request.body = what.request.body;
    int status = 0;
    request.response_handler = [&status](const httplib::Response& response) {
        status = response.status;
        return true;
    };
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t,
                                   std::uint64_t) {
        return what.receive(status, {data, size});
    };
    return client.send(request);
}

}  // namespace

tl::expected<int, std::string> exchange(const Exchange& what) {
    std::unique_ptr<httplib::ClientImpl> client;
    UnixClient* local = nullptr;
    if (what.to.path.empty()) {
        client = std::make_unique<httplib::ClientImpl>(what.to.host, what.to.port);
    } else {
        auto made = std::make_unique<UnixClient>(what.to.path);
        local = made.get();
        client = std::move(made);
    }
    bool ended_by_receiver = false;
    int status = 0;
    Exchange watched = what;
    watched.receive = [&](int seen, std::string_view part) {
        status = seen;
        ended_by_receiver = !what.receive(seen, part);
        return !ended_by_receiver;
    };
    const httplib::Result result = send(*client, watched);
    if (result) {
        return result->status;
    }
    if (ended_by_receiver) {
        return status;
    }
    if (local != nullptr && local->error() != 0) {
        return tl::make_unexpected(std::string(std::strerror(local->error())));
    }
    switch (result.error()) {
        case httplib::Error::Connection: return tl::make_unexpected("nobody listens there");
        case httplib::Error::Read: return tl::make_unexpected("no answer came, or it broke off");
        default: return tl::make_unexpected("the exchange failed: " + to_string(result.error()));
    }
}

}  // namespace ghostpeer::http
