#include "profile/sections.hpp"
#include "profile/values.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace ghostpeer::profile {

namespace {

constexpr std::uint32_t relay_window = 1U << 20U;
constexpr std::uint64_t max_window = std::uint64_t{1} << 30U;

void read_mss(const Entry& entry, TcpParts& tcp, Context& context) {
    tcp.config.announce_mss = !is_word(entry, "off");
    if (!tcp.config.announce_mss) {
        return;
    }
    if (const auto mss = read_number(entry, 1, UINT16_MAX, context.errors, "`off` or ")) {
        tcp.config.mss = static_cast<std::uint16_t>(*mss);
    }
}

void read_window(const Entry& entry, TcpParts& tcp, Context& context) {
    if (const auto window = read_size(entry, 0, max_window, context.errors)) {
        tcp.config.window = static_cast<std::uint32_t>(*window);
    }
}

void read_window_scale(const Entry& entry, TcpParts& tcp, Context& context) {
    if (is_word(entry, "off")) {
        tcp.config.window_scale.reset();
    } else if (const auto scale = read_number(entry, 0, 14, context.errors, "`off` or ")) {
        tcp.config.window_scale = static_cast<std::uint8_t>(*scale);
    }
}

void read_sack(const Entry& entry, TcpParts& tcp, Context& context) {
    tcp.config.sack = read_bool(entry, context.errors).value_or(true);
}

void read_timestamps(const Entry& entry, TcpParts& tcp, Context& context) {
    tcp.config.timestamps = read_bool(entry, context.errors).value_or(true);
}

void read_isn(const Entry& entry, TcpParts& tcp, Context& context) {
    if (is_word(entry, "random")) {
        tcp.config.isn.reset();
    } else if (const auto isn = read_number(entry, 0, UINT32_MAX, context.errors, "`random` or ")) {
        tcp.config.isn = static_cast<std::uint32_t>(*isn);
    }
}

/// A time of at least a millisecond: a shorter one would be a storm of retransmissions.
void read_timeout(const Entry& entry, Duration& timeout, Context& context) {
    const auto time = read_time(entry, context.errors);
    if (time && *time < std::chrono::milliseconds(1)) {
        context.errors.add(entry.value, in_quotes(entry.key.text) + " is at least 1ms");
    } else if (time) {
        timeout = *time;
    }
}

void read_rto(const Entry& entry, TcpParts& tcp, Context& context) {
    tcp.rto = &entry;
    read_timeout(entry, tcp.config.rto_initial, context);
}

void read_rto_max(const Entry& entry, TcpParts& tcp, Context& context) {
    tcp.rto_max = &entry;
    read_timeout(entry, tcp.config.rto_max, context);
}

void read_retries(const Entry& entry, TcpParts& tcp, Context& context) {
    if (const auto retries = read_number(entry, 0, 255, context.errors)) {
        tcp.config.retries = static_cast<unsigned>(*retries);
        tcp.config.syn_retries = tcp.config.retries;
        tcp.config.syn_ack_retries = tcp.config.retries;
        tcp.config.orphan_retries = tcp.config.retries;
    }
}

void read_delayed_ack(const Entry& entry, TcpParts& tcp, Context& context) {
    if (is_word(entry, "off")) {
        tcp.config.delayed_ack.reset();
    } else if (const auto time = read_time(entry, context.errors, "`off` or ")) {
        tcp.config.delayed_ack = *time > Duration::zero() ? time : std::nullopt;
        tcp.config.delayed_ack_max = *time;
    }
}

void read_ecn(const Entry& entry, TcpParts& tcp, Context& context) {
    using Known = std::pair<std::string_view, tcp::Ecn>;
    constexpr std::array<Known, 3> words{
        {{"off", tcp::Ecn::off}, {"passive", tcp::Ecn::passive}, {"on", tcp::Ecn::on}}};
    for (const auto& [word, ecn] : words) {
        if (is_word(entry, word)) {
            tcp.config.ecn = ecn;
            return;
        }
    }
    report_wrong_type(entry, "`off`, `passive` or `on`", context.errors);
}

void read_nagle(const Entry& entry, TcpParts& tcp, Context& context) {
    if (const auto nagle = read_bool(entry, context.errors)) {
        tcp.config.nagle = *nagle;
        tcp.nagle_given = true;
    }
}

void read_recovery(const Entry& entry, TcpParts& tcp, Context& context) {
    if (is_word(entry, "rack")) {
        tcp.config.recovery = tcp::RecoveryKind::rack;
    } else if (is_word(entry, "reno")) {
        tcp.config.recovery = tcp::RecoveryKind::reno;
    } else {
        report_wrong_type(entry, "`rack` or `reno`", context.errors);
    }
}

void read_mtu_probing(const Entry& entry, TcpParts& tcp, Context& context) {
    tcp.config.mtu_probing = read_bool(entry, context.errors).value_or(false);
}

void read_time_wait(const Entry& entry, TcpParts& tcp, Context& context) {
    if (const auto time = read_time(entry, context.errors)) {
        tcp.config.time_wait = *time;
    }
}

constexpr std::array<Word<ReadKey<TcpParts>>, 15> tcp_words{{
    {"mss", read_mss},
    {"window", read_window},
    {"window_scale", read_window_scale},
    {"sack", read_sack},
    {"timestamps", read_timestamps},
    {"isn", read_isn},
    {"rto", read_rto},
    {"rto_max", read_rto_max},
    {"retries", read_retries},
    {"delayed_ack", read_delayed_ack},
    {"ecn", read_ecn},
    {"nagle", read_nagle},
    {"recovery", read_recovery},
    {"mtu_probing", read_mtu_probing},
    {"time_wait", read_time_wait},
}};

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

void read_tcp(const Entry& entry, TcpParts& tcp, Context& context) {
    if (expect_type(entry, YamlNode::Type::map, "a map such as `{mss: 536}`", context.errors)) {
        read_keys(entry.value, tcp_words, "key", " in `tcp`", tcp, context);
    }
}

tcp::Config finish_tcp(TcpParts parts, const Service& service, Errors& errors) {
    auto& config = parts.config;
    if (std::holds_alternative<Relay>(service)) {
        config.window = config.window.value_or(relay_window);
        // The real server's host has held back already what it wanted to hold back.
        config.nagle = parts.nagle_given && config.nagle;
    }
    if (parts.rto != nullptr && parts.rto_max != nullptr && config.rto_initial > config.rto_max) {
        errors.add(parts.rto->value, "`rto` is " + format_time(config.rto_initial) +
                                         ", more than the " + format_time(config.rto_max) +
                                         " of `rto_max`");
    }
    if (parts.rto != nullptr) {
        config.rto_max = std::max(config.rto_max, config.rto_initial);
    } else {
        config.rto_initial = std::min(config.rto_initial, config.rto_max);
    }
    config.rto_min = std::min({config.rto_min, config.rto_initial, config.rto_max});
    return config;
}

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
