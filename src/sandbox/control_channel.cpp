#include "sandbox/control_channel.hpp"

#include "posix/passed_descriptors.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <memory>

namespace ghostpeer::sandbox {

namespace {

constexpr std::size_t max_descriptors = 8;
constexpr std::size_t max_text = 8192;

struct Header {
    Message::Type type;
    std::int32_t value;
    std::uint32_t text_size;
    std::uint32_t remark_size;
    std::array<std::uint8_t, 6> mac;
    std::uint8_t ethernet;
};

}  // namespace

tl::expected<std::pair<FileDescriptor, FileDescriptor>, int> open_channel() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) < 0) {
        return tl::unexpected(errno);
    }
    return std::pair(FileDescriptor(ends[0]), FileDescriptor(ends[1]));
}

bool send_message(const FileDescriptor& channel, const Message& message) {
    Header header{};
    header.type = message.type;
    header.value = message.value;
    header.text_size = static_cast<std::uint32_t>(std::min(message.text.size(), max_text));
    header.remark_size = static_cast<std::uint32_t>(std::min(message.remark.size(), max_text));
    header.mac = message.mac;
    header.ethernet = message.ethernet ? 1 : 0;

    std::array<iovec, 3> parts{{
        {&header, sizeof header},
        {const_cast<char*>(message.text.data()), header.text_size},
        {const_cast<char*>(message.remark.data()), header.remark_size},
    }};
    msghdr packet{};
    packet.msg_iov = parts.data();
    packet.msg_iovlen = parts.size();

    PassedDescriptors<max_descriptors> passed;
    passed.attach(packet, message.descriptors);

    constexpr timespec moment{0, 1'000'000};
    for (int waits_left = 50;; --waits_left) {
        if (sendmsg(channel.get(), &packet, MSG_NOSIGNAL) >= 0) {
            return true;
        }
        const bool scarce = errno == ENOMEM || errno == ENOBUFS;
        if (errno != EINTR && (!scarce || waits_left == 0)) {
            return false;
        }
        if (scarce) {
            nanosleep(&moment, nullptr);
        }
    }
}

tl::expected<Message, NoMessage> receive_message(const FileDescriptor& channel, bool wait) {
    Header header{};
    const auto payload = std::make_unique_for_overwrite<char[]>(2 * max_text);
    std::array<iovec, 2> parts{{{&header, sizeof header}, {payload.get(), 2 * max_text}}};
    msghdr packet{};
    packet.msg_iov = parts.data();
    packet.msg_iovlen = parts.size();
    PassedDescriptors<max_descriptors> passed;
    passed.expect(packet);

    ssize_t received = 0;
    do {
        received = recvmsg(channel.get(), &packet, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
    } while (received < 0 && errno == EINTR);
    if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return tl::unexpected(NoMessage::nothing_yet);
    }
    if (received < 0 && errno != ECONNRESET) {
        return tl::unexpected(NoMessage::failed);
    }

    Message message;
    if (received > 0) {
        passed.take(packet, message.descriptors);
    }
    if (received < static_cast<ssize_t>(sizeof header) ||
        sizeof header + header.text_size + header.remark_size !=
            static_cast<std::size_t>(received)) {
        return tl::unexpected(NoMessage::closed);
    }
    message.cut = (packet.msg_flags & MSG_CTRUNC) != 0;
    message.type = header.type;
    message.value = header.value;
    message.mac = header.mac;
    message.ethernet = header.ethernet != 0;
    message.text.assign(payload.get(), header.text_size);
    message.remark.assign(payload.get() + header.text_size, header.remark_size);
    return message;
}

}  // namespace ghostpeer::sandbox
