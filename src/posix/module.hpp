// Libraries that are loaded when they are needed: what a run does not need costs it nothing.
#pragma once

#include <dlfcn.h>
#include <unistd.h>

#include <climits>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace ghostpeer {

/// Where module NAME lies: `ghostpeer-NAME.so`, beside the executable or, where it is installed, in
/// `../lib/ghostpeer`. Empty where it is in neither.
[[nodiscard]] inline std::string find_module(std::string_view name) {
    std::string executable(PATH_MAX, '\0');
    const ssize_t size = ::readlink("/proc/self/exe", executable.data(), executable.size());
    if (size <= 0) {
        return {};
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
    return {};
}

/// The address of `symbol` in module NAME, which stays loaded. The error is a complete sentence.
[[nodiscard]] inline tl::expected<void*, std::string> load_module(std::string_view name,
                                                                  const char* symbol) {
    const std::string path = find_module(name);
    if (path.empty()) {
        return tl::make_unexpected("ghostpeer-" + std::string(name) +
                                   ".so is missing: it belongs beside the ghostpeer executable, or "
                                   "into lib/ghostpeer of the same prefix. Install or build "
                                   "ghostpeer again.");
    }
    void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    void* const found = library == nullptr ? nullptr : ::dlsym(library, symbol);
    if (found == nullptr) {
        const char* const reason = ::dlerror();
        return tl::make_unexpected(path + " cannot be loaded" +
                                   (reason == nullptr ? "" : ": " + std::string(reason)) +
                                   ". Install or build ghostpeer again.");
    }
    return found;
}

}  // namespace ghostpeer
