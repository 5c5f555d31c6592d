// `link`: the way between the program and the peer.
#include "profile/link/reader.hpp"
#include "ghostpeer/profile/link.hpp"
#include "profile/document/files.hpp"
#include "profile/document/values.hpp"
#include "profile/document/yaml_tree.hpp"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <string>

namespace ghostpeer::profile {

namespace {

constexpr Duration longest_delay = std::chrono::hours(1);
constexpr std::uint64_t fastest = 100'000'000'000;
constexpr std::uint64_t largest_queue = std::uint64_t{64} << 20U;

/// `1Mbit/s`, or bytes as other rates of the language, `125KB/s`; in bits per second.
std::optional<std::uint64_t> parse_bit_rate(std::string_view text) {
    if (text == "unlimited") {
        return LinkWay::unlimited;
    }
    constexpr std::uint64_t bits_per_byte = 8;
    constexpr std::string_view unit = "bit/s";
    std::optional<std::uint64_t> rate;
    if (!text.ends_with(unit)) {
        rate = parse_rate(text);
        rate = rate && *rate <= fastest ? std::optional(*rate * bits_per_byte) : std::nullopt;
    } else {
        std::string size(text.substr(0, text.size() - unit.size()));
        const char last = size.empty() ? ' ' : size.back();
        if (last == 'k' || last == 'M' || last == 'G') {
            // Sizes write the thousand with a capital.
            size.back() = last == 'k' ? 'K' : last;
            rate = parse_size(size + 'B');
        } else if (last >= '0' && last <= '9') {
            rate = parse_size(size);
        }
    }
    return rate && *rate >= 1 && *rate <= fastest ? rate : std::nullopt;
}

std::optional<double> read_share(const Entry& entry, Errors& errors) {
    const auto share = entry.value.type == YamlNode::Type::scalar
                           ? parse_percentage(trim(entry.value.text))
                           : std::nullopt;
    if (!share) {
        report_wrong_type(entry, "a percentage from `0%` to `100%`", errors);
    }
    return share;
}

std::optional<Duration> read_short_time(const Entry& entry, Errors& errors) {
    const auto time = read_time(entry, errors);
    if (time && *time > longest_delay) {
        errors.add(entry.value, in_quotes(entry.key.text) + " is at most 1h");
        return std::nullopt;
    }
    return time;
}

constexpr std::array<Word<ReadKey<Loss>>, 2> loss_words{{
    {"good_to_bad",
     [](const Entry& entry, Loss& loss, Context& context) {
         loss.good_to_bad = read_share(entry, context.errors).value_or(0);
     }},
    {"bad_to_good",
     [](const Entry& entry, Loss& loss, Context& context) {
         loss.bad_to_good = read_share(entry, context.errors).value_or(1);
     }},
}};

void read_loss(const Entry& entry, LinkWay& way, Context& context) {
    if (entry.value.type == YamlNode::Type::map) {
        Loss loss;
        read_keys(entry.value, loss_words, "key", " in `loss`", loss, context);
        for (const auto& word : loss_words) {
            if (find(entry.value, word.text) == nullptr) {
                context.errors.add(entry.value,
                                   "a loss in runs has both chances, `good_to_bad` "
                                   "and `bad_to_good`");
                return;
            }
        }
        way.loss = loss;
        return;
    }
    const auto share = entry.value.type == YamlNode::Type::scalar
                           ? parse_percentage(trim(entry.value.text))
                           : std::nullopt;
    if (!share) {
        report_wrong_type(entry,
                          "a percentage, or a map such as "
                          "`{good_to_bad: 1%, bad_to_good: 30%}`",
                          context.errors);
        return;
    }
    way.loss = Loss::plain(*share);
}

void read_bit_rate(const Entry& entry, LinkWay& way, Context& context) {
    const auto rate = entry.value.type == YamlNode::Type::scalar
                          ? parse_bit_rate(trim(entry.value.text))
                          : std::nullopt;
    if (!rate) {
        report_wrong_type(entry, "a rate such as `1Mbit/s` or `125KB/s`, or `unlimited`",
                          context.errors);
        return;
    }
    way.rate = rate;
}

constexpr std::array<Word<ReadKey<LinkWay>>, 7> way_words{{
    {"rate", read_bit_rate},
    {"delay", [](const Entry& entry, LinkWay& way,
                 Context& context) { way.delay = read_short_time(entry, context.errors); }},
    {"jitter", [](const Entry& entry, LinkWay& way,
                  Context& context) { way.jitter = read_short_time(entry, context.errors); }},
    {"loss", read_loss},
    {"reorder", [](const Entry& entry, LinkWay& way,
                   Context& context) { way.reorder = read_share(entry, context.errors); }},
    {"duplicate", [](const Entry& entry, LinkWay& way,
                     Context& context) { way.duplicate = read_share(entry, context.errors); }},
    {"queue",
     [](const Entry& entry, LinkWay& way, Context& context) {
         way.queue = read_size(entry, 0, largest_queue, context.errors);
     }},
}};

void read_way(const Entry& entry, LinkWay& way, Context& context) {
    if (expect_type(entry, YamlNode::Type::map, "a map such as `{rate: 1Mbit/s}`",
                    context.errors)) {
        LinkWay said;
        read_keys(entry.value, way_words, "key", " in `" + entry.key.text + "`", said, context);
        overlay(way, said);
    }
}

bool is_direction(const Entry& entry) { return entry.key.text == "up" || entry.key.text == "down"; }

}  // namespace

void read_link(const Entry& entry, Link& link, Context& context) {
    if (!expect_type(entry, YamlNode::Type::map, "a map such as `{rate: 1Mbit/s, delay: 100ms}`",
                     context.errors)) {
        return;
    }
    if (entry.value.entries.empty()) {
        context.errors.add(entry.value, "`link` says nothing of the link");
    }
    YamlNode both = entry.value;
    std::erase_if(both.entries, is_direction);
    LinkWay said;
    for (const Entry& one : both.entries) {
        std::vector<std::string> known{"up", "down"};
        const Word<ReadKey<LinkWay>>* row = nullptr;
        for (const auto& word : way_words) {
            known.emplace_back(word.text);
            row = word.text == one.key.text ? &word : row;
        }
        if (row == nullptr) {
            context.errors.add(one.key, unknown_word("key", one.key.text, known, " in `link`"));
            continue;
        }
        row->read(one, said, context);
    }
    // What is said of one direction goes before what is said of both, wherever it stands.
    overlay(link, {said, said});
    for (const Entry& one : entry.value.entries) {
        if (is_direction(one)) {
            read_way(one, one.key.text == "up" ? link.up : link.down, context);
        }
    }
}

void check_link(const Entry& entry, const Link& link, Errors& errors) {
    const auto overtakes = [](const LinkWay& way) { return way.reorder && *way.reorder > 0; };
    const auto delays = [](const LinkWay& way) {
        return way.delay && *way.delay > Duration::zero();
    };
    const auto limits = [](const LinkWay& way) {
        return way.rate && *way.rate != LinkWay::unlimited;
    };
    // What is said of both directions may be of use to one alone.
    const auto in_vain = [&link](const auto& says, const auto& needs) {
        return (says(link.up) || says(link.down)) && !(says(link.up) && needs(link.up)) &&
               !(says(link.down) && needs(link.down));
    };
    if (in_vain(overtakes, delays)) {
        errors.add(entry.key,
                   "a packet that is reordered overtakes by the `delay`, and `link` has "
                   "none");
    }
    if (in_vain([](const LinkWay& way) { return way.queue.has_value(); }, limits)) {
        errors.add(entry.key,
                   "packets wait in a `queue` only where a `rate` makes them, and "
                   "`link` has none");
    }
}

tl::expected<Link, std::string> parse_link(
    const std::vector<std::pair<std::string, std::string>>& keys) {
    Errors errors;
    FileCache files;
    Context context{errors, files, {""}};
    std::vector<std::unique_ptr<SourceText>> texts;
    Entry link;
    link.key.type = YamlNode::Type::scalar;
    link.key.text = "link";
    link.value.type = YamlNode::Type::map;
    for (const auto& [key, value] : keys) {
        const bool bare = (key == "up" || key == "down") && !value.starts_with('{');
        texts.push_back(std::make_unique<SourceText>("--" + key, bare ? "{" + value + "}" : value,
                                                     std::filesystem::path(), false));
        const SourceText& text = *texts.back();
        if (const auto problem = refuse_text(text.text()); !problem.empty()) {
            return tl::make_unexpected(fmt::format("--{}: {}.", key, problem));
        }
        auto tree = parse_yaml(text, errors, max_nodes_of_request);
        if (tree) {
            Entry& entry = link.value.entries.emplace_back();
            entry.key = YamlNode{YamlNode::Type::scalar, false, &text, tree->mark, key, {}, {}};
            entry.value = std::move(*tree);
            link.key.source = &text;
            link.value.source = &text;
        }
    }
    Link read;
    if (errors.empty() && !link.value.entries.empty()) {
        read_link(link, read, context);
    }
    if (!errors.empty()) {
        const auto found = errors.take();
        return tl::make_unexpected(found.front().file + ": " + found.front().message + ".");
    }
    return read;
}

}  // namespace ghostpeer::profile
