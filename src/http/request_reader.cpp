#include "http/request_reader.hpp"

#include "http/status.hpp"

#include <algorithm>
#include <charconv>

namespace ghostpeer::http {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";
constexpr int fine = 0;

/// What comes before the next line end, which is taken off the text with it.
[[nodiscard]] std::string_view take_line(std::string_view& text) {
    const auto end = std::min(text.find(line_end), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + line_end.size(), text.size()));
    return line;
}

[[nodiscard]] bool is_target(std::string_view text) {
    return text.starts_with('/') && std::all_of(text.begin(), text.end(), [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte > 0x20 && byte != 0x7f;
           });
}

/// A number of bytes as Content-Length has it; more than fits is as good as the most.
[[nodiscard]] std::optional<std::uint64_t> parse_length(std::string_view text) {
    std::uint64_t length = 0;
    const char* const end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, length);
    if (text.empty() || last != end || error == std::errc::invalid_argument) {
        return std::nullopt;
    }
    return error == std::errc::result_out_of_range ? UINT64_MAX : length;
}

/// Is the word one of the field's, which is a list?
[[nodiscard]] bool lists(std::string_view field, std::string_view word) {
    while (!field.empty()) {
        const auto comma = std::min(field.find(','), field.size());
        std::string_view one = field.substr(0, comma);
        field.remove_prefix(std::min(comma + 1, field.size()));
        one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
        one = one.substr(0, one.find_last_not_of(" \t") + 1);
        if (same_word(one, word)) {
            return true;
        }
    }
    return false;
}

}  // namespace

void RequestReader::refuse(int status) noexcept {
    state_ = State::refused;
    refusal_ = status;
    keeps_alive_ = false;
}

void RequestReader::read(std::string_view& bytes) {
    if (state_ == State::head) {
        read_head(bytes);
        return;
    }
    if (state_ != State::body) {
        return;
    }
    switch (body_.read(bytes, request_.body)) {
        case BodyReader::State::more: break;
        case BodyReader::State::whole: state_ = State::whole; break;
        case BodyReader::State::broken: refuse(status::bad_request); break;
        case BodyReader::State::too_large: refuse(status::too_large); break;
    }
}

void RequestReader::read_head(std::string_view& bytes) {
    while (state_ == State::head && !bytes.empty()) {
        const auto end = bytes.find('\n');
        const auto part = bytes.substr(0, std::min(end, bytes.size() - 1) + 1);
        if (head_.size() + part.size() > max_head_bytes) {
            refuse(head_.find(line_end) == std::string::npos ? status::target_too_long
                                                             : status::head_too_large);
            return;
        }
        head_ += part;
        bytes.remove_prefix(part.size());
        if (end == std::string_view::npos) {
            return;
        }
        if (!head_.ends_with(line_end)) {
            refuse(status::bad_request);
        } else if (head_ == line_end) {
            head_.clear();  // before a request (RFC 9112, 2.2)
        } else if (head_.ends_with(head_end)) {
            const int problem = parse_head(std::string_view(head_).substr(0, head_.size() - 2));
            head_ = {};
            if (problem != fine) {
                refuse(problem);
            } else if (state_ == State::head) {
                state_ = State::body;
                std::string_view none;
                read(none);  // there may be no body at all
            }
        }
    }
}

int RequestReader::parse_first_line(std::string_view line) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
        return status::bad_request;
    }
    const auto method = line.substr(0, first);
    const auto target = line.substr(first + 1, last - first - 1);
    const auto version = line.substr(last + 1);
    constexpr std::size_t longest_method = 20;
    if (!is_token(method) || method.size() > longest_method || !version.starts_with("HTTP/")) {
        return status::bad_request;
    }
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        return status::wrong_version;
    }
    if (target.size() > max_target_bytes) {
        return status::target_too_long;
    }
    if (!is_target(target)) {
        return status::bad_request;
    }
    knows_chunks_ = version == "HTTP/1.1";
    request_.method = method;
    request_.target = target;
    return fine;
}

int RequestReader::parse_head(std::string_view head) {
    if (const int problem = parse_first_line(take_line(head)); problem != fine) {
        return problem;
    }
    while (!head.empty()) {
        if (request_.headers.size() >= max_fields) {
            return status::head_too_large;
        }
        if (!add_field(take_line(head), request_.headers)) {
            return status::bad_request;
        }
    }
    const auto hosts = count_fields(request_.headers, "host");
    if (hosts > 1 || (hosts == 0 && knows_chunks_)) {
        return status::bad_request;
    }
    const auto connection = find_field(request_.headers, "connection");
    keeps_alive_ = knows_chunks_ ? !lists(connection, "close") : lists(connection, "keep-alive");
    if (const auto expected = find_field(request_.headers, "expect"); !expected.empty()) {
        if (!same_word(expected, "100-continue")) {
            return status::expectation_failed;
        }
        expects_continue_ = knows_chunks_;
    }
    return choose_body();
}

/// RFC 9112, section 6.3, and where it leaves a choice, no.
int RequestReader::choose_body() {
    const auto encodings = count_fields(request_.headers, "transfer-encoding");
    const auto lengths = count_fields(request_.headers, "content-length");
    if (encodings + lengths > 1 || (encodings > 0 && !knows_chunks_)) {
        return status::bad_request;
    }
    if (encodings == 1) {
        if (!same_word(find_field(request_.headers, "transfer-encoding"), "chunked")) {
            return status::not_implemented;
        }
        body_ = {BodyReader::Form::chunked, 0, max_body_bytes};
        return fine;
    }
    if (lengths == 0) {
        return fine;
    }
    const auto length = parse_length(find_field(request_.headers, "content-length"));
    if (!length) {
        return status::bad_request;
    }
    if (*length > max_body_bytes) {
        return status::too_large;
    }
    body_ = {BodyReader::Form::length, *length, max_body_bytes};
    return fine;
}

}  // namespace ghostpeer::http
