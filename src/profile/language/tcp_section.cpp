// `tcp`.
#include "profile/document/values.hpp"
#include "profile/language/sections.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace ghostpeer::profile {

namespace {

constexpr std::uint32_t relay_window = 1U << 20U;
constexpr std::uint64_t max_window = std::uint64_t{1} << 30U;

/// One of the words of an enumeration.
template <class Value, std::size_t Count>
void read_word(const Entry& entry,
               const std::array<std::pair<std::string_view, Value>, Count>& words,
               std::string_view form, Value& target, Context& context) {
    for (const auto& [word, value] : words) {
        if (is_word(entry, word)) {
            target = value;
            return;
        }
    }
    report_wrong_type(entry, form, context.errors);
}

void read_mss(const Entry& entry, TcpParts& tcp, Context& context) {
    tcp.config.announce_mss = !is_word(entry, "off");
    if (!tcp.config.announce_mss) {
        return;
    }
    if (const auto mss = read_number(entry, 1, UINT16_MAX, context.errors, "`off` or ")) {
        tcp.config.mss = static_cast<std::uint16_t>(*mss);
    }
}

void read_send_mss(const Entry& entry, TcpParts& tcp, Context& context) {
    if (const auto mss = read_number(entry, 1, UINT16_MAX, context.errors)) {
        tcp.config.send_mss = static_cast<std::uint16_t>(*mss);
    }
}

constexpr std::array<Word<ReadKey<tcp::Config>>, 2> window_words{{
    {"initial",
     [](const Entry& entry, tcp::Config& config, Context& context) {
         if (const auto window = read_size(entry, 0, max_window, context.errors)) {
             config.window = static_cast<std::uint32_t>(*window);
         }
     }},
    {"max",
     [](const Entry& entry, tcp::Config& config, Context& context) {
         if (const auto most = read_size(entry, 0, max_window, context.errors)) {
             config.window_max = static_cast<std::uint32_t>(*most);
         }
     }},
}};

void read_window(const Entry& entry, TcpParts& tcp, Context& context) {
    const tcp::Config unsaid;
    tcp.config.window = unsaid.window;
    tcp.config.window_max = unsaid.window_max;
    tcp.config.window_grows = entry.value.type == YamlNode::Type::map;
    if (tcp.config.window_grows) {
        read_keys(entry.value, window_words, "key", " in `window`", tcp.config, context);
        if (tcp.config.window > tcp.config.window_max) {
            context.errors.add(entry.value, "`initial` is more than `max`");
        } else if (!tcp.config.window && tcp.config.window_max < UINT16_MAX) {
            tcp.config.window = tcp.config.window_max;
        }
    } else if (const auto window = read_size(entry, 0, max_window, context.errors,
                                             "a map such as `{max: 2MiB}` or ")) {
        tcp.config.window = static_cast<std::uint32_t>(*window);
    }
}

void read_send_buffer(const Entry& entry, TcpParts& tcp, Context& context) {
    if (const auto size = read_size(entry, 1, max_window, context.errors)) {
        tcp.config.send_buffer = static_cast<std::uint32_t>(*size);
    }
}

void read_initial_cwnd(const Entry& entry, TcpParts& tcp, Context& context) {
    if (const auto segments = read_number(entry, 1, 1000, context.errors)) {
        tcp.config.initial_cwnd = static_cast<std::uint32_t>(*segments);
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
    tcp.config.offer_timestamps = !is_word(entry, "passive");
    tcp.config.timestamps = !tcp.config.offer_timestamps ||
                            read_bool(entry, context.errors, "`passive`, ").value_or(true);
}

void read_fast_open(const Entry& entry, TcpParts& tcp, Context& context) {
    tcp.config.fast_open = read_bool(entry, context.errors).value_or(false);
}

void read_md5(const Entry& entry, TcpParts& tcp, Context& context) {
    constexpr std::size_t longest = 80;  // Linux: TCP_MD5SIG_MAXKEYLEN
    const auto key = read_text(entry, context.errors);
    if (key && (key->empty() || key->size() > longest)) {
        context.errors.add(entry.value, "`md5` takes a key of 1 to 80 bytes");
    } else {
        tcp.config.md5_key = key.value_or(std::string());
    }
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

void read_rto_min(const Entry& entry, TcpParts& tcp, Context& context) {
    read_timeout(entry, tcp.config.rto_min, context);
}

void read_rto_max(const Entry& entry, TcpParts& tcp, Context& context) {
    tcp.rto_max = &entry;
    read_timeout(entry, tcp.config.rto_max, context);
}

template <unsigned tcp::Config::*member>
void read_count(const Entry& entry, tcp::Config& config, Context& context) {
    if (const auto count = read_number(entry, 0, 255, context.errors)) {
        config.*member = static_cast<unsigned>(*count);
    }
}

constexpr std::array<Word<ReadKey<tcp::Config>>, 5> retry_words{{
    {"syn", read_count<&tcp::Config::syn_retries>},
    {"syn_linear", read_count<&tcp::Config::syn_linear_timeouts>},
    {"syn_ack", read_count<&tcp::Config::syn_ack_retries>},
    {"data", read_count<&tcp::Config::retries>},
    {"closed", read_count<&tcp::Config::orphan_retries>},
}};

void read_retries(const Entry& entry, TcpParts& tcp, Context& context) {
    const tcp::Config unsaid;
    tcp.config.syn_retries = unsaid.syn_retries;
    tcp.config.syn_linear_timeouts = unsaid.syn_linear_timeouts;
    tcp.config.syn_ack_retries = unsaid.syn_ack_retries;
    tcp.config.retries = unsaid.retries;
    tcp.config.orphan_retries = unsaid.orphan_retries;
    if (entry.value.type == YamlNode::Type::map) {
        read_keys(entry.value, retry_words, "key", " in `retries`", tcp.config, context);
    } else if (const auto retries =
                   read_number(entry, 0, 255, context.errors, "a map such as `{data: 5}` or ")) {
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

void read_quick_acks(const Entry& entry, TcpParts& tcp, Context& context) {
    const tcp::Config unsaid;
    tcp.config.plain_acks = !read_bool(entry, context.errors).value_or(true);
    tcp.config.quick_acks = tcp.config.plain_acks ? 0 : unsaid.quick_acks;
}

void read_reset_unread(const Entry& entry, TcpParts& tcp, Context& context) {
    tcp.config.reset_unread = read_bool(entry, context.errors).value_or(true);
}

void read_ecn(const Entry& entry, TcpParts& tcp, Context& context) {
    constexpr std::array<std::pair<std::string_view, tcp::Ecn>, 3> words{
        {{"off", tcp::Ecn::off}, {"passive", tcp::Ecn::passive}, {"on", tcp::Ecn::on}}};
    read_word(entry, words, "`off`, `passive` or `on`", tcp.config.ecn, context);
}

void read_nagle(const Entry& entry, TcpParts& tcp, Context& context) {
    if (const auto nagle = read_bool(entry, context.errors)) {
        tcp.config.nagle = *nagle;
        tcp.nagle_given = true;
    }
}

void read_recovery(const Entry& entry, TcpParts& tcp, Context& context) {
    constexpr std::array<std::pair<std::string_view, tcp::RecoveryKind>, 2> words{
        {{"rack", tcp::RecoveryKind::rack}, {"reno", tcp::RecoveryKind::reno}}};
    read_word(entry, words, "`rack` or `reno`", tcp.config.recovery, context);
}

void read_mtu_probing(const Entry& entry, TcpParts& tcp, Context& context) {
    tcp.config.mtu_probing = read_bool(entry, context.errors).value_or(false);
}

/// All four, each once.
void read_option_order(const Entry& entry, TcpParts& tcp, Context& context) {
    using Known = std::pair<std::string_view, wire::SynOption>;
    constexpr std::array<Known, 4> known{{{"mss", wire::SynOption::mss},
                                          {"sack", wire::SynOption::sack_permitted},
                                          {"timestamps", wire::SynOption::timestamps},
                                          {"window_scale", wire::SynOption::window_scale}}};
    constexpr std::string_view form =
        "`mss`, `sack`, `timestamps` and `window_scale` in some order, as a list";
    if (!expect_type(entry, YamlNode::Type::list, form, context.errors)) {
        return;
    }
    wire::SynOptionOrder order{};
    std::size_t count = 0;
    for (const YamlNode& item : entry.value.items) {
        const auto row = std::find_if(known.begin(), known.end(),
                                      [&](const Known& one) { return item.text == one.first; });
        const bool twice = row != known.end() && std::find(order.begin(), order.begin() + count,
                                                           row->second) != order.begin() + count;
        if (item.type != YamlNode::Type::scalar || row == known.end() || twice) {
            count = 0;
            break;
        }
        order.at(count++) = row->second;
    }
    if (count == order.size()) {
        tcp.config.option_order = order;
    } else {
        context.errors.add(entry.value, in_quotes(entry.key.text) + " takes " + std::string(form));
    }
}

void read_reuse(const Entry& entry, TcpParts& tcp, Context& context) {
    constexpr std::array<std::pair<std::string_view, tcp::Reuse>, 3> words{
        {{"newer", tcp::Reuse::newer},
         {"higher", tcp::Reuse::higher},
         {"never", tcp::Reuse::never}}};
    read_word(entry, words, "`newer`, `higher` or `never`", tcp.config.reuse, context);
}

void read_fin_wait_2(const Entry& entry, TcpParts& tcp, Context& context) {
    tcp.config.fin_wait_2 = read_time(entry, context.errors);
}

void read_time_wait(const Entry& entry, TcpParts& tcp, Context& context) {
    if (const auto time = read_time(entry, context.errors)) {
        tcp.config.time_wait = *time;
    }
}

constexpr std::array<Word<ReadKey<TcpParts>>, 26> tcp_words{{
    {"mss", read_mss},
    {"window", read_window},
    {"send_mss", read_send_mss},
    {"send_buffer", read_send_buffer},
    {"initial_cwnd", read_initial_cwnd},
    {"window_scale", read_window_scale},
    {"sack", read_sack},
    {"timestamps", read_timestamps},
    {"option_order", read_option_order},
    {"isn", read_isn},
    {"md5", read_md5},
    {"fast_open", read_fast_open},
    {"rto", read_rto},
    {"rto_min", read_rto_min},
    {"rto_max", read_rto_max},
    {"retries", read_retries},
    {"delayed_ack", read_delayed_ack},
    {"quick_acks", read_quick_acks},
    {"reset_unread", read_reset_unread},
    {"ecn", read_ecn},
    {"nagle", read_nagle},
    {"recovery", read_recovery},
    {"mtu_probing", read_mtu_probing},
    {"fin_wait_2", read_fin_wait_2},
    {"time_wait", read_time_wait},
    {"reuse", read_reuse},
}};

}  // namespace

void read_tcp(const Entry& entry, TcpParts& tcp, Context& context) {
    if (expect_type(entry, YamlNode::Type::map, "a map such as `{mss: 536}`", context.errors)) {
        read_keys(entry.value, tcp_words, "key", " in `tcp`", tcp, context);
    }
}

tcp::Config finish_tcp(TcpParts parts, const Service& service, Errors& errors) {
    auto& config = parts.config;
    if (std::holds_alternative<Relay>(service)) {
        config.window = config.window.value_or(std::min(relay_window, config.window_max));
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

}  // namespace ghostpeer::profile
