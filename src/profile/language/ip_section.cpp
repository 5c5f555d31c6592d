// `ip` and `sysctl`.
#include "profile/document/values.hpp"
#include "profile/language/sections.hpp"

#include <algorithm>
#include <array>

namespace ghostpeer::profile {

namespace {

constexpr std::array<Word<ReadKey<IpConfig>>, 3> ip_words{{
    {"ttl",
     [](const Entry& entry, IpConfig& ip, Context& context) {
         ip.ttl = static_cast<std::uint8_t>(read_number(entry, 1, 255, context.errors).value_or(1));
     }},
    {"tos",
     [](const Entry& entry, IpConfig& ip, Context& context) {
         ip.tos = static_cast<std::uint8_t>(read_number(entry, 0, 255, context.errors).value_or(0));
     }},
    {"dont_fragment",
     [](const Entry& entry, IpConfig& ip, Context& context) {
         ip.dont_fragment = read_bool(entry, context.errors).value_or(true);
     }},
}};

/// `net.` and words of letters, digits, `_`, `-`, joined by dots: such a name cannot leave
/// /proc/sys/net when its dots become slashes.
bool is_sysctl_name(std::string_view name) noexcept {
    const auto is_fine = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.';
    };
    return name.starts_with("net.") && !name.ends_with('.') &&
           name.find("..") == std::string_view::npos &&
           std::all_of(name.begin(), name.end(), is_fine);
}

bool is_sysctl_value(std::string_view value) noexcept {
    constexpr std::size_t longest = 256;
    return !value.empty() && value.size() <= longest && value.find('\n') == std::string_view::npos;
}

}  // namespace

void read_ip(const Entry& entry, IpConfig& ip, Context& context) {
    if (expect_type(entry, YamlNode::Type::map, "a map such as `{ttl: 5}`", context.errors)) {
        read_keys(entry.value, ip_words, "key", " in `ip`", ip, context);
    }
}

void read_sysctl(const Entry& entry, Sysctls& sysctls, Context& context) {
    if (!expect_type(entry, YamlNode::Type::map, "a map such as `{net.ipv4.tcp_syn_retries: 2}`",
                     context.errors)) {
        return;
    }
    for (const auto& setting : entry.value.entries) {
        const auto& name = setting.key.text;
        if (!is_sysctl_name(name)) {
            context.errors.add(setting.key, in_quotes(name) +
                                                " is no sysctl of a network namespace; write the "
                                                "full name, as in `net.ipv4.tcp_syn_retries`");
            continue;
        }
        if (setting.value.type != YamlNode::Type::scalar || !is_sysctl_value(setting.value.text)) {
            report_wrong_type(setting, "a number or a line of text", context.errors);
            continue;
        }
        const auto known = std::find_if(sysctls.begin(), sysctls.end(),
                                        [&](const auto& pair) { return pair.first == name; });
        if (known == sysctls.end()) {
            sysctls.emplace_back(name, setting.value.text);
        } else {
            known->second = setting.value.text;
        }
    }
}

}  // namespace ghostpeer::profile
