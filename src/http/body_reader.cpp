#include "http/body_reader.hpp"

#include <algorithm>
#include <charconv>

namespace ghostpeer::http {
namespace {

constexpr std::size_t longest_line = 256;
constexpr std::size_t most_trailer_bytes = 4096;
constexpr int hexadecimal = 16;

}  // namespace

bool BodyReader::take(std::string_view& bytes, std::string& content) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    if (n > room_) {
        return false;
    }
    content.append(bytes.substr(0, n));
    bytes.remove_prefix(n);
    left_ -= n;
    room_ -= n;
    return true;
}

BodyReader::State BodyReader::read(std::string_view& bytes, std::string& content) {
    switch (form_) {
        case Form::none: return State::whole;
        case Form::length:
            if (left_ > room_ || !take(bytes, content)) {
                return State::too_large;
            }
            return left_ == 0 ? State::whole : State::more;
        case Form::until_end:
            left_ = bytes.size();
            return take(bytes, content) ? State::more : State::too_large;
        case Form::chunked: break;
    }
    return read_chunked(bytes, content);
}

bool BodyReader::take_line(std::string_view& bytes) {
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, end);
    line_broken_ = line_.size() + part.size() > longest_line;
    if (line_broken_) {
        return false;
    }
    line_ += part;
    bytes.remove_prefix(std::min(part.size() + 1, bytes.size()));
    if (end == std::string_view::npos) {
        return false;
    }
    line_broken_ = !line_.ends_with('\r') || line_.find('\r') != line_.size() - 1;
    if (!line_broken_) {
        line_.pop_back();
    }
    return !line_broken_;
}

BodyReader::State BodyReader::begin_chunk() {
    // Extensions may stand behind the size, and mean nothing to us.
    const std::string_view size = std::string_view(line_).substr(0, line_.find_first_of("; \t"));
    const char* const end = size.data() + size.size();
    const auto [last, error] = std::from_chars(size.data(), end, left_, hexadecimal);
    if (error != std::errc{} || last != end) {
        return State::broken;
    }
    line_.clear();
    if (left_ > room_) {
        return State::too_large;
    }
    part_ = left_ == 0 ? Part::trailer : Part::data;
    return State::more;
}

BodyReader::State BodyReader::read_chunked(std::string_view& bytes, std::string& content) {
    while (part_ != Part::over && !bytes.empty()) {
        if (part_ == Part::data) {
            if (!take(bytes, content)) {
                return State::too_large;
            }
            part_ = left_ == 0 ? Part::data_end : Part::data;
            continue;
        }
        if (!take_line(bytes)) {
            if (line_broken_) {
                return State::broken;
            }
            continue;
        }
        if (part_ == Part::size) {
            if (const State state = begin_chunk(); state != State::more) {
                return state;
            }
        } else if (part_ == Part::data_end) {
            if (!line_.empty()) {
                return State::broken;
            }
            part_ = Part::size;
        } else {
            trailer_bytes_ += line_.size();
            if (trailer_bytes_ > most_trailer_bytes) {
                return State::broken;
            }
            part_ = line_.empty() ? Part::over : Part::trailer;
            line_.clear();
        }
    }
    return part_ == Part::over ? State::whole : State::more;
}

}  // namespace ghostpeer::http
