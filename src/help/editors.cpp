#include "ghostpeer/profile/catalogue.hpp"
#include "help/schemas.hpp"

#include <nlohmann/json.hpp>

namespace ghostpeer::help {

std::string schema_for_editors() {
    using Json = nlohmann::ordered_json;
    auto schema = Json::parse(profile_schema());
    auto names = Json::array();
    for (const auto& entry : profile::catalogue()) {
        names.push_back(entry.name);
    }
    // Any other text is a path, or a list where the language takes one.
    auto& extends = schema["properties"]["extends"];
    const auto described = extends.value("description", "");
    const auto other = extends;
    extends = {{"description", described}, {"anyOf", {Json{{"enum", names}}, other}}};
    constexpr int indent = 2;
    return schema.dump(indent) + "\n";
}

}  // namespace ghostpeer::help
