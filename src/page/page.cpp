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

}  // namespace ghostpeer::page
