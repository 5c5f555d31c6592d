#include "page/page.hpp"

#include "page/parts.hpp"

namespace ghostpeer::page {

std::string make_page(const Record& record, std::string_view source, std::string_view version) {
    const std::string json = record.to_json(source, version);
    std::string page;
    page.reserve(before_record().size() + json.size() + after_record().size());
    page += before_record();
    page += json;
    page += after_record();
    return page;
}

std::string make_grid(std::string_view results) {
    std::string page(before_grid());
    for (const char c : results) {
        // Nothing in it can end the element that it stands in.
        page += c == '<' ? std::string_view("\\u003c") : std::string_view(&c, 1);
    }
    return page.append(after_grid());
}

}  // namespace ghostpeer::page
