#include "profile/segment/addresses.hpp"

#include "profile/document/values.hpp"

#include <string>

namespace ghostpeer::profile {

std::optional<wire::IpAddress> read_address(const Entry& entry, Context& context) {
    const auto address = entry.value.type == YamlNode::Type::scalar
                             ? wire::IpAddress::parse(std::string(trim(entry.value.text)))
                             : std::nullopt;
    if (!address) {
        report_wrong_type(entry, "an address such as `198.18.255.1` or `2001:2::9`",
                          context.errors);
    }
    return address;
}

std::optional<ForgedSource> read_source(const Entry& entry, Context& context) {
    constexpr std::string_view form =
        "an address, a port or both, as in `198.18.0.9`, `:81`, `198.18.0.9:81` or "
        "`[2001:2::9]:81`";
    if (!expect_type(entry, YamlNode::Type::scalar, form, context.errors)) {
        return std::nullopt;
    }
    ForgedSource source;
    const std::string_view text = trim(entry.value.text);
    source.address = wire::IpAddress::parse(std::string(text));
    if (source.address) {
        return source;
    }
    const auto colon = text.rfind(':');
    const auto port =
        colon == std::string_view::npos ? std::nullopt : parse_number(text.substr(colon + 1));
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) {
        host = host.substr(1, host.size() - 2);
    }
    source.address = wire::IpAddress::parse(std::string(host));
    const bool good = source.address ? source.address->is_v4() != bracketed : host.empty();
    if (!port || *port > UINT16_MAX || !good) {
        report_wrong_type(entry, form, context.errors);
        return std::nullopt;
    }
    source.port = static_cast<std::uint16_t>(*port);
    return source;
}

}  // namespace ghostpeer::profile
