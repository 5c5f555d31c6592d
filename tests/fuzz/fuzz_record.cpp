// libFuzzer target: whatever stands in a record, the reader survives it, what it takes for an
// event is written and read again as the same, and the judge comes to a verdict.
#include "event/reader.hpp"
#include "event/writer.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "judge/judge.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

using namespace ghostpeer;

namespace {

void check_again(event::Reader& reader, const event::Event& event) {
    std::string once;
    std::string twice;
    event::Event again;
    if (!event::write_json(once, event) || reader.read(once, again) != event::Line::event ||
        !event::write_json(twice, again) || once != twice) {
        std::abort();
    }
    std::string inert;
    event::write_json(inert, event, {.inert = true, .longest_text = 20, .longest_list = 3});
    if (inert.find_first_of("<>&") != std::string::npos) {
        std::abort();
    }
}

/// Expects something of each kind, whatever the record says that the profile is.
std::shared_ptr<const profile::Profile> expecting() {
    static const auto loaded = profile::load_text(R"(summary: What a judge looks at.
rules:
  - {on: receive data, nth: 2, do: drop}
  - {on: idle 1s, do: reset}
expect:
  - see: receive syn
    times: 1..3
  - never: receive rst
  - see: idle 2s
  - see: received 100B
  - outcome: closed
    within: 5s of receive data
  - command: {status: 0, within: 3s, output: /x/}
)",
                                                  "judge.yaml", {});
    if (!loaded.profile) {
        std::abort();
    }
    return loaded.profile;
}

void tell(judge::Judge& judge, event::Event event) {
    if (const auto* told = std::get_if<std::shared_ptr<const event::Profile>>(&event.what)) {
        auto profile = std::make_shared<event::Profile>(**told);
        profile->profile = expecting();
        event.what = std::shared_ptr<const event::Profile>(std::move(profile));
    }
    if (!judge.over()) {
        judge.record(event);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    event::Reader reader;
    judge::Judge judge;
    while (!text.empty()) {
        event::Event event;
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const event::Line read = reader.read(line, event);
        if (read == event::Line::event) {
            tell(judge, event);
            check_again(reader, event);
        } else if ((read == event::Line::malformed) == reader.problem().empty()) {
            std::abort();
        }
    }
    static_cast<void>(judge.verdict());
    return 0;
}
