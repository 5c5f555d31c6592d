// Libraries that are loaded when they are needed: what a run does not need costs it nothing.
#pragma once

#include <dlfcn.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace ghostpeer {

/// Where module NAME lies: `ghostpeer-NAME.so`, beside the executable or, where it is installed, in
/// `../lib/ghostpeer`. The error is a complete sentence.
[[nodiscard]] inline tl::expected<std::string, std::string> find_module(std::string_view name) {
    std::string executable(PATH_MAX, '\0');
    const ssize_t size = ::readlink("/proc/self/exe", executable.data(), executable.size());
    if (size <= 0) {
        return tl::make_unexpected(std::string(
            "ghostpeer needs /proc, which is not mounted here. Mount it ('mount -t proc proc "
            "/proc'), in a chroot or container as well."));
    }
    executable.resize(static_cast<std::size_t>(size));
    const std::string folder = executable.substr(0, executable.rfind('/') + 1);
    const std::string file = "ghostpeer-" + std::string(name) + ".so";
    for (const char* const place : {"", "../" GHOSTPEER_LIBRARY_FOLDER "/ghostpeer/"}) {
        std::string path = folder;
        path.append(place).append(file);
        if (::access(path.c_str(), R_OK) == 0) {
            return path;
        }
    }
    return tl::make_unexpected(file +
                               " is missing, and what this asks for needs it: it belongs beside "
                               "the ghostpeer executable, or into lib/ghostpeer of the same "
                               "prefix. Install or build ghostpeer again, or take a release's "
                               "executable, which is one file.");
}

/// What to do about a library that cannot be loaded for this reason of the dynamic linker.
[[nodiscard]] inline std::string remedy(const std::string& reason) {
    for (const int error : {EMFILE, ENFILE}) {
        if (reason.find(std::strerror(error)) != std::string::npos) {
            return "Raise the limit on open files ('ulimit -n').";
        }
    }
    // "libtins.so.4.0: cannot open shared object file: No such file or directory"
    const std::string library = reason.substr(0, reason.find(':'));
    if (reason.find(std::strerror(ENOENT)) != std::string::npos && library.starts_with("lib")) {
        return "Install the package with " + library +
               ", or take a release's executable, which is one file.";
    }
    return "Install or build ghostpeer again.";
}

/// The address of `symbol` in module NAME, which stays loaded. The error is a complete sentence.
[[nodiscard]] inline tl::expected<void*, std::string> load_module(std::string_view name,
                                                                  const char* symbol) {
    const auto path = find_module(name);
    if (!path) {
        return tl::make_unexpected(path.error());
    }
    void* const library = ::dlopen(path->c_str(), RTLD_NOW | RTLD_LOCAL);
    void* const abi = library == nullptr ? nullptr : ::dlsym(library, "ghostpeer_module_abi");
    if (library != nullptr &&
        (abi == nullptr || std::strcmp(static_cast<const char*>(abi), GHOSTPEER_MODULE_ABI) != 0)) {
        return tl::make_unexpected(*path +
                                   " belongs to another build of ghostpeer than this executable. "
                                   "Install or build ghostpeer again.");
    }
    void* const found = library == nullptr ? nullptr : ::dlsym(library, symbol);
    if (found == nullptr) {
        const char* const told = ::dlerror();
        const std::string reason = told == nullptr ? "" : told;
        return tl::make_unexpected(*path + " cannot be loaded" +
                                   (reason.empty() ? "" : ": " + reason) + ". " + remedy(reason));
    }
    return found;
}

}  // namespace ghostpeer
