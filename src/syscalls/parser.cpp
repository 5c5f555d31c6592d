#include "syscalls/parser.hpp"

#include "syscalls/arguments.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace ghostpeer::syscalls {
namespace {

constexpr std::size_t absent = std::string_view::npos;
constexpr std::size_t longest_line = std::size_t{64} << 10;
constexpr std::size_t longest_text = 2048;  ///< of arguments that are kept
constexpr std::size_t most_threads = 16'384;
constexpr std::string_view unfinished = " <unfinished ...>";

template <typename Number>
[[nodiscard]] std::optional<Number> take_number(std::string_view& text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

/// Seconds with up to nine digits behind the point.
[[nodiscard]] std::optional<Duration> take_seconds(std::string_view& text) {
    constexpr std::int64_t most = 9'000'000'000;  // of nanoseconds in 64 bits
    const auto seconds = take_number<std::int64_t>(text);
    if (!seconds || *seconds < 0 || *seconds > most) {
        return std::nullopt;
    }
    std::int64_t nanoseconds = 0;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        std::int64_t unit = 100'000'000;
        while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
            nanoseconds += (text.front() - '0') * unit;
            unit /= 10;
            text.remove_prefix(1);
        }
    }
    return std::chrono::seconds(*seconds) + std::chrono::nanoseconds(nanoseconds);
}

void skip_spaces(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

[[nodiscard]] bool is_name(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '?';
    });
}

[[nodiscard]] bool makes_process(std::string_view name) {
    return name == "clone" || name == "clone3" || name == "fork" || name == "vfork";
}

/// Takes ` <0.000091945>` off the end.
[[nodiscard]] std::optional<Duration> take_length(std::string_view& text) {
    const auto at = text.rfind(" <");
    if (at == absent || text.back() != '>') {
        return std::nullopt;
    }
    auto inside = text.substr(at + 2, text.size() - at - 3);
    const auto length = take_seconds(inside);
    if (!length || !inside.empty()) {
        return std::nullopt;
    }
    text = text.substr(0, at);
    return length;
}

/// What stands behind the `=`: `-1 ECONNRESET (Connection reset by peer)`, `3<TCP:[4711]>`,
/// `1 ([{fd=3, revents=POLLIN}])`, `0x7f12a0000000`, `? ERESTARTSYS (To be restarted …)`, `?`.
void read_result(std::string_view text, Call& call) {
    const bool unknown = text.starts_with('?');
    if (unknown) {
        text.remove_prefix(1);
    } else if (text.starts_with("0x")) {
        call.address = text.substr(0, text.find(' '));
        text.remove_prefix(call.address.size());
    } else {
        call.result = take_number<std::int64_t>(text);
    }
    if (text.starts_with('<')) {
        // Found as behind any other descriptor.
        const std::string descriptor = "0" + std::string(text);
        if (const auto found = annotations(descriptor); !found.empty()) {
            call.result_descriptor = found.front();
            text.remove_prefix(std::min(found.front().size() + 2, text.size()));
        }
    }
    skip_spaces(text);
    const auto word = text.substr(0, text.find(' '));
    if (word.size() > 1 && word.front() == 'E' && is_name(word)) {
        call.error = word;
    } else if (text.size() > 2 && text.front() == '(' && text.back() == ')') {
        call.detail = text.substr(1, std::min(text.size() - 2, longest_text));
    }
    call.returned = !unknown || !call.error.empty();
}

void read_arguments(std::string_view text, Call& call) {
    call.arguments = text.substr(0, longest_text);
    if (text.size() > longest_text) {
        call.arguments += "...";
    }
    auto first = text;
    const auto number = take_number<int>(first);
    if (number && *number >= 0 && (first.starts_with('<') || call.error == "EBADF")) {
        call.descriptor = number;
    }
}

/// The signal ended the thread: the call never came back to it.
[[nodiscard]] Call unreturned(Call call, Duration at) {
    call.returned = false;
    call.error.clear();
    call.took = std::max(Instant(at) - call.began, Duration::zero());
    return call;
}

}  // namespace

void Parser::feed(std::string_view bytes, std::vector<Call>& calls) {
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        const auto piece = bytes.substr(0, end);
        if (line_.size() + piece.size() > longest_line) {
            overlong_ = true;
        } else {
            line_ += piece;
        }
        if (end == absent) {
            return;
        }
        if (std::exchange(overlong_, false)) {
            ++unreadable_;
        } else {
            take_line(line_, calls);
        }
        line_.clear();
        bytes.remove_prefix(end + 1);
    }
}

void Parser::finish(Duration now, std::vector<Call>& calls) {
    if (!line_.empty() && !overlong_) {
        // The beginning of a call, which strace would have ended as any other that is interrupted.
        take_line(line_ + std::string(unfinished), calls);
    }
    line_.clear();
    for (const auto& [thread, call] : pending_) {
        tell_unreturned(thread, call, now, calls);
    }
    pending_.clear();
    for (auto& [thread, call] : interrupted_) {
        calls.push_back(unreturned(std::move(call), now));
    }
    interrupted_.clear();
    process_of_.clear();
}

void Parser::take_line(std::string_view line, std::vector<Call>& calls) {
    const auto thread = take_number<int>(line);
    skip_spaces(line);
    const auto at = thread ? take_seconds(line) : std::nullopt;
    skip_spaces(line);
    if (!at || *thread <= 0 || line.empty()) {
        ++unreadable_;
    } else if (line.starts_with("<... ")) {
        tell_interrupted(*thread, calls);
        resume_call(*thread, *at, line, calls);
    } else if (line.starts_with("+++ ")) {
        end_thread(*thread, *at, calls);
    } else if (!line.starts_with("--- ")) {  // a signal
        tell_interrupted(*thread, calls);
        begin_call(*thread, *at, line, calls);
    }
}

void Parser::begin_call(int thread, Duration at, std::string_view text, std::vector<Call>& calls) {
    const auto parenthesis = text.find('(');
    const auto name = text.substr(0, parenthesis);
    if (parenthesis == absent || !is_name(name)) {
        ++unreadable_;
        return;
    }
    text.remove_prefix(parenthesis + 1);
    end_call(thread, at, {std::string(name), std::string(text), at}, calls);
}

void Parser::resume_call(int thread, Duration at, std::string_view text, std::vector<Call>& calls) {
    constexpr std::string_view begin = "<... ";
    constexpr std::string_view end = " resumed>";
    const auto name_end = text.find(end);
    if (name_end == absent) {
        ++unreadable_;
        return;
    }
    const auto name = text.substr(begin.size(), name_end - begin.size());
    const auto rest = text.substr(name_end + end.size());
    Pending call{std::string(name), {}, at};
    // execve() of a thread comes back in another one.
    if (const auto known = pending_.find(thread); known != pending_.end()) {
        if (known->second.name == name) {
            call = std::move(known->second);
        }
        pending_.erase(known);
    }
    call.text += rest;
    end_call(thread, at, std::move(call), calls);
}

void Parser::end_call(int thread, Duration at, Pending pending, std::vector<Call>& calls) {
    std::string_view text = pending.text;
    const int process = process_of(thread);
    // Of a thread that is killed in it: what is known so far stays, until the thread has ended.
    for (const auto end : {std::string_view(") = ?"), std::string_view()}) {
        if (text.ends_with(end) && text.substr(0, text.size() - end.size()).ends_with(unfinished)) {
            text.remove_suffix(end.size() + unfinished.size());
            keep(thread, {std::move(pending.name), std::string(text.substr(0, longest_text)),
                          pending.began});
            return;
        }
    }
    Call call;
    call.process = process;
    call.thread = thread;
    call.began = Instant(pending.began);
    const auto length = take_length(text);
    call.took = length.value_or(std::max(at - pending.began, Duration::zero()));
    auto end = end_of_arguments(text);
    if (end == absent) {
        end = text.rfind(") = ");  // what was cut is not balanced
    }
    auto rest = end == absent ? std::string_view() : text.substr(end + 1);
    skip_spaces(rest);
    if (!rest.starts_with("= ")) {
        ++unreadable_;
        return;
    }
    read_result(rest.substr(2), call);
    read_arguments(text.substr(0, end), call);
    call.name = std::move(pending.name);
    note_child(call);
    if (call.error.starts_with("ERESTART") && interrupted_.size() < most_threads) {
        interrupted_.insert_or_assign(thread, std::move(call));
        return;
    }
    calls.push_back(std::move(call));
}

void Parser::tell_interrupted(int thread, std::vector<Call>& calls) {
    if (const auto call = interrupted_.find(thread); call != interrupted_.end()) {
        calls.push_back(std::move(call->second));
        interrupted_.erase(call);
    }
}

void Parser::keep(int thread, Pending call) {
    if (pending_.size() >= most_threads && !pending_.contains(thread)) {
        ++unreadable_;
        return;
    }
    pending_.insert_or_assign(thread, std::move(call));
}

void Parser::end_thread(int thread, Duration at, std::vector<Call>& calls) {
    if (const auto call = interrupted_.find(thread); call != interrupted_.end()) {
        calls.push_back(unreturned(std::move(call->second), at));
        interrupted_.erase(call);
    }
    if (const auto call = pending_.find(thread); call != pending_.end()) {
        tell_unreturned(thread, call->second, at, calls);
        pending_.erase(call);
    }
    process_of_.erase(thread);
}

void Parser::tell_unreturned(int thread, const Pending& pending, Duration at,
                             std::vector<Call>& calls) {
    Call call;
    call.process = process_of(thread);
    call.thread = thread;
    call.name = pending.name;
    call.began = Instant(pending.began);
    call.took = std::max(at - pending.began, Duration::zero());
    call.returned = false;
    std::string_view text = pending.text;
    while (text.ends_with(' ') || text.ends_with(',')) {
        text.remove_suffix(1);
    }
    if (const auto end = end_of_arguments(text); end != absent) {
        text = text.substr(0, end);
    }
    read_arguments(text, call);
    calls.push_back(std::move(call));
}

int Parser::process_of(int thread) {
    if (const auto known = process_of_.find(thread); known != process_of_.end()) {
        return known->second;
    }
    int process = thread;
    // A child may be faster than the call that makes it is to return.
    for (const auto& [parent, call] : pending_) {
        if (makes_process(call.name)) {
            const auto known = process_of_.find(parent);
            if (call.text.find("CLONE_THREAD") != absent && known != process_of_.end()) {
                process = known->second;
            }
            break;
        }
    }
    if (process_of_.size() < most_threads) {
        process_of_.emplace(thread, process);
    }
    return process;
}

void Parser::note_child(const Call& call) {
    if (!makes_process(call.name) || call.result.value_or(-1) <= 0 || *call.result > INT32_MAX) {
        return;
    }
    const int child = static_cast<int>(*call.result);
    if (const auto known = process_of_.find(child); known != process_of_.end()) {
        // One that was seen before is known better now.
        known->second = call.arguments.find("CLONE_THREAD") != absent ? call.process : child;
    } else if (call.arguments.find("CLONE_THREAD") != absent && process_of_.size() < most_threads) {
        process_of_.emplace(child, call.process);
    }
}

}  // namespace ghostpeer::syscalls
