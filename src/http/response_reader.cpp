#include "http/response_reader.hpp"

#include "http/status.hpp"

#include <algorithm>
#include <charconv>

namespace ghostpeer::http {
namespace {

constexpr std::size_t longest_head = 64 * 1024;
constexpr std::string_view head_stop = "\r\n\r\n";
constexpr int first_final_status = 200;

}  // namespace

void ResponseReader::read(std::string_view& bytes, std::string& content) {
    while (state_ == State::head && !bytes.empty()) {
        read_head(bytes);
    }
    if (state_ != State::body) {
        return;
    }
    switch (body_.read(bytes, content)) {
        case BodyReader::State::more: break;
        case BodyReader::State::whole: state_ = State::whole; break;
        case BodyReader::State::broken:
        case BodyReader::State::too_large: state_ = State::broken; break;
    }
}

void ResponseReader::read_head(std::string_view& bytes) {
    const std::size_t before = head_.size();
    head_ += bytes;
    const auto end =
        head_.find(head_stop, before < head_stop.size() ? 0 : before - head_stop.size());
    if (end == std::string::npos) {
        bytes = {};
        state_ = head_.size() > longest_head ? State::broken : State::head;
        return;
    }
    bytes.remove_prefix(end + head_stop.size() - before);
    if (!parse_head(std::string_view(head_).substr(0, end))) {
        state_ = State::broken;
    } else if (status_ >= first_final_status) {
        state_ = State::body;
    }
    head_.clear();
}

bool ResponseReader::parse_head(std::string_view head) {
    constexpr std::string_view line_end = "\r\n";
    Fields fields;
    bool first = true;
    while (!head.empty()) {
        const auto end = std::min(head.find(line_end), head.size());
        const auto line = head.substr(0, end);
        head.remove_prefix(std::min(end + line_end.size(), head.size()));
        if (first) {
            constexpr std::size_t before_status = 9;  // "HTTP/1.1 "
            constexpr std::size_t digits = 3;
            const auto number = line.substr(std::min(before_status, line.size()), digits);
            const char* const stop = number.data() + number.size();
            const auto [last, error] = std::from_chars(number.data(), stop, status_);
            if (!line.starts_with("HTTP/1.") || number.size() != digits || last != stop ||
                error != std::errc{}) {
                return false;
            }
            first = false;
        } else if (!add_field(line, fields)) {
            return false;
        }
    }
    using Form = BodyReader::Form;
    const auto length = find_field(fields, "content-length");
    if (status_ == status::no_content || status_ == status::not_modified) {
        body_ = {Form::none, 0, 0};
    } else if (!find_field(fields, "transfer-encoding").empty()) {
        body_ = {Form::chunked, 0, UINT64_MAX};
    } else if (!length.empty()) {
        std::uint64_t bytes = 0;
        const char* const stop = length.data() + length.size();
        const auto [last, error] = std::from_chars(length.data(), stop, bytes);
        if (last != stop || error != std::errc{}) {
            return false;
        }
        body_ = {Form::length, bytes, UINT64_MAX};
    } else {
        body_ = {Form::until_end, 0, UINT64_MAX};
        until_end_ = true;
    }
    return !first;
}

void ResponseReader::end() {
    if (state_ == State::head || state_ == State::body) {
        state_ = state_ == State::body && until_end_ ? State::whole : State::broken;
    }
}

}  // namespace ghostpeer::http
