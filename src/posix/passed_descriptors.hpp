// File descriptors that go along with a message over a Unix socket (unix(7), SCM_RIGHTS).
#pragma once

#include "posix/file_descriptor.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace ghostpeer {

/// Room for `Most` of them. It outlives the call of sendmsg or recvmsg.
template <std::size_t Most>
class PassedDescriptors {
  public:
    /// The first `Most` of the descriptors go with the message.
    void attach(msghdr& message, std::span<const FileDescriptor> descriptors) noexcept {
        const std::size_t count = std::min(descriptors.size(), Most);
        if (count == 0) {
            return;
        }
        message.msg_control = control_.data();
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        cmsghdr* const rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(count * sizeof(int));
        for (std::size_t i = 0; i < count; ++i) {
            const int fd = descriptors[i].get();
            std::memcpy(CMSG_DATA(rights) + i * sizeof fd, &fd, sizeof fd);
        }
    }
    /// What comes with the message will be put here.
    void expect(msghdr& message) noexcept {
        message.msg_control = control_.data();
        message.msg_controllen = control_.size();
    }
    /// What has come with it.
    static void take(msghdr& message, std::vector<FileDescriptor>& into) {
        for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr;
             one = CMSG_NXTHDR(&message, one)) {
            if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) {
                continue;
            }
            const std::size_t count = (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (std::size_t i = 0; i < count; ++i) {
                int fd = -1;
                std::memcpy(&fd, CMSG_DATA(one) + i * sizeof fd, sizeof fd);
                into.emplace_back(fd);
            }
        }
    }

  private:
    alignas(cmsghdr) std::array<char, CMSG_SPACE(Most * sizeof(int))> control_{};
};

}  // namespace ghostpeer
