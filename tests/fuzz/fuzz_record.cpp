// libFuzzer target: whatever stands in a record, the reader survives it, and what it takes for an
// event is written and read again as the same.
#include "event/reader.hpp"
#include "event/writer.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    event::Reader reader;
    while (!text.empty()) {
        event::Event event;
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const event::Line read = reader.read(line, event);
        if (read == event::Line::event) {
            check_again(reader, event);
        } else if ((read == event::Line::malformed) == reader.problem().empty()) {
            std::abort();
        }
    }
    return 0;
}
