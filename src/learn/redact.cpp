#include "learn/redact.hpp"

#include "learn/spoken.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>

namespace ghostpeer::learn {

using capture::Segment;
using wire::Bytes;

namespace {

char veiled(char c) { return c == '\r' || c == '\n' ? c : 'x'; }

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

bool is_lines(std::string_view text) {
    return text.find('\n') != std::string_view::npos &&
           std::ranges::all_of(text, [](unsigned char c) {
               return c >= 0x20 || c == '\r' || c == '\n' || c == '\t';
           });
}

/// Of `250-mail.example` the code stays, since it frames the answer.
void veil_lines(std::string_view text, std::string& out) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end);
        std::size_t kept = 0;
        if (line.size() > 3 && (line[3] == ' ' || line[3] == '-') &&
            std::ranges::all_of(line.substr(0, 3),
                                [](unsigned char c) { return std::isdigit(c) != 0; })) {
            kept = 4;
        }
        out += line.substr(0, kept);
        std::ranges::transform(line.substr(kept), std::back_inserter(out), veiled);
    }
}

/// `GET /path HTTP/1.1`, `HTTP/1.1 200 OK`: what stands between or behind goes.
bool veil_first_line(std::string_view line, std::string& out) {
    if (line.starts_with("HTTP/1.") && line.size() > 12) {
        out += line.substr(0, 13);
        std::ranges::transform(line.substr(std::min<std::size_t>(13, line.size())),
                               std::back_inserter(out), veiled);
        return true;
    }
    const std::size_t space = line.find(' ');
    const std::size_t last = line.rfind(" HTTP/1.");
    if (space == std::string_view::npos || last == std::string_view::npos || last <= space ||
        !std::ranges::all_of(line.substr(0, space),
                             [](unsigned char c) { return std::isupper(c) != 0; })) {
        return false;
    }
    out += line.substr(0, space + 1);
    for (std::size_t at = space + 1; at < last; ++at) {
        out += at == space + 1 && line[at] == '/' ? '/' : 'x';
    }
    out += line.substr(last);
    return true;
}

/// Chunks keep the lines that say how long they are.
void veil_chunks(std::string_view text, std::string& out) {
    while (!text.empty()) {
        const std::size_t end = text.find("\r\n");
        std::size_t size = 0;
        std::size_t digits = 0;
        while (digits < text.size() && digits < 8 &&
               std::isxdigit(static_cast<unsigned char>(text[digits])) != 0) {
            size = size * 16 +
                   static_cast<std::size_t>(std::stoi(std::string(1, text[digits]), nullptr, 16));
            ++digits;
        }
        if (end == std::string_view::npos || digits == 0) {
            break;
        }
        out += text.substr(0, digits);
        std::ranges::transform(text.substr(digits, end + 2 - digits), std::back_inserter(out),
                               veiled);
        text.remove_prefix(end + 2);
        const std::size_t body = std::min(size, text.size());
        out.append(body, 'x');
        text.remove_prefix(body);
        const std::size_t behind = text.starts_with("\r\n") ? 2U : 0U;
        out += text.substr(0, behind);
        text.remove_prefix(behind);
    }
    std::ranges::transform(text, std::back_inserter(out), veiled);
}

bool veil_http(std::string_view text, std::string& out) {
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos || !veil_first_line(text.substr(0, text.find("\r\n")), out)) {
        out.clear();
        return false;
    }
    constexpr std::array<std::string_view, 4> framing{"content-length", "transfer-encoding",
                                                      "connection", "upgrade"};
    std::string_view head = text.substr(0, end + 4);
    text.remove_prefix(head.size());
    head.remove_prefix(head.find("\r\n"));
    bool chunked = false;
    while (!head.empty()) {  // each with the line end in front of it
        const std::size_t next = head.find("\r\n", 2);
        const std::string_view line = head.substr(0, next);
        head.remove_prefix(line.size());
        const std::size_t colon = line.find(':');
        const std::string name =
            lower(line.substr(2, colon == std::string_view::npos ? 0 : colon - 2));
        if (std::ranges::find(framing, name) != framing.end()) {
            out += line;
            chunked = chunked || lower(line).find("chunked") != std::string::npos;
            continue;
        }
        const std::size_t kept = colon == std::string_view::npos ? 2 : colon + 1;
        out += line.substr(0, kept);
        for (const char c : line.substr(std::min(kept, line.size()))) {
            out += c == ' ' ? c : veiled(c);
        }
    }
    if (chunked) {
        veil_chunks(text, out);
    } else {
        out.append(text.size(), 'x');
    }
    return true;
}

/// Where the numbers stand in messages that fill the bytes exactly.
struct Frame {
    std::size_t at;     ///< bytes before the number
    std::size_t width;  ///< of the number
    bool little;
    bool itself;       ///< it counts itself
    std::size_t plus;  ///< bytes behind that it does not count
};

std::optional<Bytes> veil_frames(const Bytes& bytes, const Frame& frame) {
    Bytes out(bytes.size());
    std::size_t begin = 0;
    while (begin < bytes.size()) {
        const std::size_t number = begin + frame.at;
        if (number + frame.width > bytes.size()) {
            return {};
        }
        std::uint64_t length = 0;
        for (std::size_t i = 0; i < frame.width; ++i) {
            const std::size_t digit = frame.little ? frame.width - 1 - i : i;
            length = length << 8U | bytes[number + digit];
            out[number + i] = bytes[number + i];
        }
        if (frame.itself && length < frame.width) {
            return {};
        }
        const std::uint64_t end = number + (frame.itself ? 0 : frame.width) + length + frame.plus;
        if (end <= begin || end > bytes.size()) {
            return {};
        }
        begin = static_cast<std::size_t>(end);
    }
    return out;
}

}  // namespace

Bytes redacted(const Bytes& bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::string out;
    if (veil_http(text, out)) {
        return {out.begin(), out.end()};
    }
    if (is_lines(text)) {
        veil_lines(text, out);
        return {out.begin(), out.end()};
    }
    constexpr std::array<Frame, 6> frames{
        Frame{0, 4, false, true, 0}, Frame{0, 4, false, false, 0}, Frame{1, 4, false, true, 0},
        Frame{0, 3, true, false, 1}, Frame{3, 2, false, false, 0}, Frame{0, 2, false, false, 0}};
    if (bytes.size() >= 4) {
        for (const Frame& frame : frames) {
            if (auto veiled_frames = veil_frames(bytes, frame)) {
                return std::move(*veiled_frames);
            }
        }
    }
    return Bytes(bytes.size(), 'x');
}

void redact(Scene& scene) {
    for (const bool of_peer : {false, true}) {
        const Stream stream = stream_of(scene, of_peer);
        Bytes veil;
        veil.reserve(stream.bytes.size());
        // A turn ends where the other side speaks.
        std::vector<std::size_t> ends;
        std::int64_t reached = 1;
        for (const Segment& act : scene.acts) {
            if (scene.by_peer(act) == of_peer) {
                reached = std::max(reached, act.place + static_cast<std::int64_t>(act.length));
            } else if (act.length > 0) {
                ends.push_back(static_cast<std::size_t>(reached - 1));
            }
        }
        ends.push_back(stream.bytes.size());
        for (const std::size_t end : ends) {
            if (end <= veil.size() || end > stream.bytes.size()) {
                continue;
            }
            const auto turn =
                redacted({stream.bytes.begin() + static_cast<std::ptrdiff_t>(veil.size()),
                          stream.bytes.begin() + static_cast<std::ptrdiff_t>(end)});
            veil.insert(veil.end(), turn.begin(), turn.end());
        }
        for (Segment& act : scene.acts) {
            if (scene.by_peer(act) != of_peer) {
                continue;
            }
            for (std::size_t i = 0; i < act.payload.size(); ++i) {
                const std::int64_t at = act.place - 1 + static_cast<std::int64_t>(i);
                act.payload[i] = at >= 0 && at < static_cast<std::int64_t>(veil.size())
                                     ? veil[static_cast<std::size_t>(at)]
                                     : std::uint8_t{'x'};
            }
        }
    }
}

}  // namespace ghostpeer::learn
