#include "warp/guest_spec.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <csignal>

namespace ghostpeer::warp {
namespace {

// The format: texts, each ended by NUL (none of them can hold one); a list is its length and then
// its texts.
constexpr std::string_view mark = "ghostpeer-warp-2";
constexpr std::size_t most_items = 1'000'000;

class Writer {
  public:
    void text(std::string_view value) {
        text_.append(value);
        text_ += '\0';
    }
    void number(std::uint64_t value) { text(std::to_string(value)); }
    template <typename List, typename Put>
    void list(const List& values, Put put) {
        number(values.size());
        for (const auto& value : values) {
            put(value);
        }
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

class Reader {
  public:
    explicit Reader(std::string_view text) : rest_(text) {}

    [[nodiscard]] std::string text() {
        const auto end = rest_.find('\0');
        if (end == std::string_view::npos) {
            good_ = false;
            return {};
        }
        std::string value(rest_.substr(0, end));
        rest_.remove_prefix(end + 1);
        return value;
    }
    template <typename Number = std::uint64_t>
    [[nodiscard]] Number number() {
        const std::string value = text();
        Number parsed{};
        const auto [end, error] =
            std::from_chars(value.data(), value.data() + value.size(), parsed);
        good_ = good_ && error == std::errc{} && end == value.data() + value.size();
        return parsed;
    }
    template <typename Item, typename Get>
    [[nodiscard]] std::vector<Item> list(Get get) {
        std::vector<Item> values;
        const auto count = number();
        good_ = good_ && count <= most_items;
        for (std::uint64_t i = 0; good_ && i < count; ++i) {
            values.push_back(get());
        }
        return values;
    }
    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }

  private:
    std::string_view rest_;
    bool good_ = true;
};

}  // namespace

GuestSpec describe_caller() {
    GuestSpec spec;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        spec.environment.emplace_back(*variable);
    }
    std::array<char, PATH_MAX> buffer{};
    if (getcwd(buffer.data(), buffer.size()) != nullptr) {
        spec.directory = buffer.data();
    }
    std::array<char, 65> name{};
    if (gethostname(name.data(), name.size() - 1) == 0) {
        spec.host_name = name.data();
    }
    spec.user = geteuid();
    spec.group = getegid();
    if (const int count = getgroups(0, nullptr); count > 0) {
        std::vector<gid_t> groups(static_cast<std::size_t>(count));
        if (getgroups(count, groups.data()) == count) {
            spec.groups.assign(groups.begin(), groups.end());
        }
    }
    spec.umask = ::umask(022);
    ::umask(static_cast<mode_t>(spec.umask));
    for (int resource = 0; resource < RLIM_NLIMITS; ++resource) {
        rlimit limit{};
        getrlimit(static_cast<__rlimit_resource>(resource), &limit);
        spec.limits.push_back({limit.rlim_cur, limit.rlim_max});
    }
    return spec;
}

std::string encode(const GuestSpec& spec) {
    Writer out;
    const auto text = [&](const std::string& value) { out.text(value); };
    const auto number = [&](auto value) { out.number(static_cast<std::uint64_t>(value)); };
    out.text(mark);
    out.list(spec.arguments, text);
    out.list(spec.environment, text);
    out.text(spec.directory);
    out.text(spec.host_name);
    out.number(spec.user);
    out.number(spec.group);
    out.list(spec.groups, number);
    out.number(spec.umask);
    out.list(spec.ignored_signals, number);
    out.list(spec.limits, [&](const ResourceLimit& limit) {
        out.number(limit.soft);
        out.number(limit.hard);
    });
    out.number(spec.seed);
    out.text(std::to_string(spec.epoch));
    out.text(spec.events_file);
    out.text(spec.file_suffix);
    for (const bool flag : {spec.colour, spec.has_stdin, spec.one_output, spec.kept}) {
        out.number(flag ? 1 : 0);
    }
    return out.take();
}

std::optional<GuestSpec> decode(std::string_view text) {
    Reader in(text);
    if (in.text() != mark) {
        return std::nullopt;
    }
    GuestSpec spec;
    const auto get_text = [&] { return in.text(); };
    const auto get_number = [&] { return in.number<std::uint32_t>(); };
    spec.arguments = in.list<std::string>(get_text);
    spec.environment = in.list<std::string>(get_text);
    spec.directory = in.text();
    spec.host_name = in.text();
    spec.user = get_number();
    spec.group = get_number();
    spec.groups = in.list<std::uint32_t>(get_number);
    spec.umask = get_number();
    spec.ignored_signals = in.list<int>([&] { return in.number<int>(); });
    spec.limits = in.list<ResourceLimit>([&] {
        const auto soft = in.number();
        return ResourceLimit{soft, in.number()};
    });
    spec.seed = in.number();
    spec.epoch = in.number<std::int64_t>();
    spec.events_file = in.text();
    spec.file_suffix = in.text();
    for (bool* flag : {&spec.colour, &spec.has_stdin, &spec.one_output, &spec.kept}) {
        *flag = get_number() != 0;
    }
    if (!in.good() || !in.at_end()) {
        return std::nullopt;
    }
    return spec;
}

}  // namespace ghostpeer::warp
