#include "servers/stage_message.hpp"

#include "posix/passed_descriptors.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace ghostpeer::servers {
namespace {

constexpr std::size_t max_text = 30'000;
constexpr std::size_t max_descriptors = 2;

struct Header {
    StageMessage::Type type;
    std::uint32_t index;
    std::uint64_t token;
    std::int32_t value;
    std::uint32_t text_size;
};

}  // namespace

std::optional<std::pair<FileDescriptor, FileDescriptor>> open_stage_channel(int& error) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        error = errno;
        return std::nullopt;
    }
    return std::pair(FileDescriptor(ends[0]), FileDescriptor(ends[1]));
}

bool send_stage_message(const FileDescriptor& channel, const StageMessage& message) {
    Header header{message.type, message.index, message.token, message.value,
                  static_cast<std::uint32_t>(std::min(message.text.size(), max_text))};
    std::array<iovec, 2> parts{{
        {&header, sizeof header},
        {const_cast<char*>(message.text.data()), header.text_size},
    }};
    msghdr packet{};
    packet.msg_iov = parts.data();
    packet.msg_iovlen = parts.size();
    PassedDescriptors<max_descriptors> passed;
    passed.attach(packet, message.descriptors);
    ssize_t sent = 0;
    do {
        sent = sendmsg(channel.get(), &packet, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

Heard receive_stage_message(const FileDescriptor& channel, StageMessage& message, bool wait) {
    Header header{};
    std::string text(max_text, '\0');
    std::array<iovec, 2> parts{{{&header, sizeof header}, {text.data(), text.size()}}};
    msghdr packet{};
    packet.msg_iov = parts.data();
    packet.msg_iovlen = parts.size();
    PassedDescriptors<max_descriptors> passed;
    passed.expect(packet);
    ssize_t got = 0;
    do {
        got = recvmsg(channel.get(), &packet, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) {
        return Heard::nothing_yet;
    }
    message = {};
    if (got > 0) {
        passed.take(packet, message.descriptors);
    }
    if (got < static_cast<ssize_t>(sizeof header) ||
        sizeof header + header.text_size != static_cast<std::size_t>(got)) {
        return Heard::closed;
    }
    message.type = header.type;
    message.token = header.token;
    message.value = header.value;
    message.index = header.index;
    text.resize(header.text_size);
    message.text = std::move(text);
    return Heard::message;
}

}  // namespace ghostpeer::servers
