// Any text at all: a profile, or errors that can be printed; never a crash, a hang or much memory.
#include "ghostpeer/profile/loader.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace ghostpeer;

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto result = profile::load_text(text, "fuzz.yaml", {{"name", "5s"}});
    if ((result.profile == nullptr) == result.errors.empty()) {
        std::abort();
    }
    static_cast<void>(profile::to_string(result.errors));
    if (result.profile) {
        for (const auto& rule : result.profile->rules) {
            // What the engine and the trace rely on.
            if (rule.on.empty() || rule.actions.empty() || rule.place.line < 1 ||
                rule.place.column < 1 || rule.place.file == nullptr) {
                std::abort();
            }
            for (const auto& event : rule.on) {
                static_cast<void>(profile::to_string(event));
            }
            for (const auto& action : rule.actions) {
                static_cast<void>(profile::name(action));
            }
        }
    }
    return 0;
}
