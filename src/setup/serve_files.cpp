#include "setup/serve_files.hpp"

#include <fcntl.h>

namespace ghostpeer::setup {

ServedFiles::ServedFiles(const Peers& peers) {
    const auto add = [this](const char* path) {
        FileDescriptor fd(::open(path, O_PATH | O_CLOEXEC));
        if (fd) {
            open_.push_back(std::move(fd));
        }
    };
    const auto add_of = [&](const profile::Profile& profile) {
        for (const std::string& folder : profile.folders) {
            add(folder.c_str());
        }
    };
    for (const peer::PeerSpec& spec : peers.specs) {
        add_of(*spec.profile);
        for (const profile::AttemptBehaviour& attempt : spec.profile->attempts) {
            add_of(*attempt.profile);
        }
    }
    if (peers.relays.servers) {
        // Files are replaced, and libraries loaded, while it runs (nsswitch.conf(5)).
        for (const char* const path :
             {"/etc", "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/run/systemd/resolve",
              "/run/resolvconf", "/run/NetworkManager", "/run/nscd", "/var/run/nscd"}) {
            add(path);
        }
    }
}

std::vector<sandbox::Visible> ServedFiles::visible() const {
    std::vector<sandbox::Visible> all;
    for (const FileDescriptor& fd : open_) {
        all.push_back({fd.get(), sandbox::Right::read});
    }
    return all;
}

}  // namespace ghostpeer::setup
