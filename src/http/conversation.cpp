#include "http/conversation.hpp"

#include "http/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace ghostpeer::http {
namespace {

/// A stream is asked for no more while so much of it waits to be sent.
constexpr std::size_t enough_output = 64 * 1024;

}  // namespace

bool Conversation::wants_input() const noexcept {
    switch (phase_) {
        case Phase::idle: return output().empty() && !ended_ && input_.empty();
        case Phase::head:
        case Phase::body:
        case Phase::linger: return !ended_;
        case Phase::pending:
        case Phase::stream:
        case Phase::over: break;
    }
    return false;
}

void Conversation::receive(std::string_view bytes, Instant now) {
    if (phase_ == Phase::linger || phase_ == Phase::over) {
        return;
    }
    input_ += bytes;
    work(now);
}

void Conversation::receive_end(Instant now) {
    ended_ = true;
    if (waits()) {
        give_up();
        return;
    }
    work(now);
}

void Conversation::give_up() noexcept {
    phase_ = Phase::over;
    pending_.reset();
    stream_.reset();
    output_.clear();
    sent_ = 0;
}

void Conversation::work(Instant now) {
    std::string_view rest = input_;
    while (read_request(rest, now)) {
    }
    input_.erase(0, input_.size() - rest.size());
    if (phase_ == Phase::linger) {
        input_ = {};
    }
    const bool reads = phase_ == Phase::head || phase_ == Phase::body ||
                       (phase_ == Phase::idle && input_.empty()) || phase_ == Phase::linger;
    if (ended_ && reads && output().empty()) {
        phase_ = Phase::over;
    }
}

bool Conversation::read_request(std::string_view& bytes, Instant now) {
    if (phase_ == Phase::idle && !bytes.empty() && output().empty()) {
        phase_ = Phase::head;
        reader_ = RequestReader();
        deadline_ = std::min(deadline_, now + head_patience);
    }
    if ((phase_ != Phase::head && phase_ != Phase::body) || bytes.empty()) {
        return false;
    }
    reader_.read(bytes);
    if (reader_.state() == RequestReader::State::refused) {
        refuse(reader_.refusal(), now);
        return false;
    }
    if (phase_ == Phase::head && reader_.state() != RequestReader::State::head) {
        begin_body(now);
    }
    if (phase_ == Phase::body && reader_.state() == RequestReader::State::whole) {
        last_ = !reader_.keeps_alive();
        answer(ask(), now);
    }
    return true;
}

Response Conversation::ask() {
    try {
        return handler_.handle(reader_.request());
    } catch (const std::exception&) {
        last_ = true;
        return handler_.refuse(status::internal_error);
    }
}

void Conversation::begin_body(Instant now) {
    const bool has_body = reader_.state() == RequestReader::State::body;
    if (auto refusal = handler_.admit(reader_.request())) {
        // What is left of the body would be taken for the next request.
        last_ = has_body || !reader_.keeps_alive();
        answer(std::move(*refusal), now);
        return;
    }
    admitted_ = true;
    phase_ = Phase::body;
    deadline_ = now + body_patience;
    if (has_body && reader_.expects_continue()) {
        put("HTTP/1.1 100 Continue\r\n\r\n");
        last_progress_ = now;
    }
}

void Conversation::refuse(int status, Instant now) {
    last_ = true;
    answer(handler_.refuse(status), now);
}

void Conversation::write_head(const Response& response) {
    put(fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n", response.status,
                    reason_phrase(response.status), response.content_type));
    for (const auto& [name, value] : response.headers) {
        put(fmt::format("{}: {}\r\n", name, value));
    }
    if (!response.stream) {
        put(fmt::format("Content-Length: {}\r\n", response.body.size()));
    } else if (reader_.knows_chunks()) {
        put("Transfer-Encoding: chunked\r\n");
    }
    put(last_                    ? "Connection: close\r\n\r\n"
        : reader_.knows_chunks() ? "\r\n"
                                 : "Connection: keep-alive\r\n\r\n");
}

void Conversation::answer(Response&& response, Instant now) {
    if (response.pending) {
        pending_ = std::move(response.pending);
        phase_ = Phase::pending;
        return;
    }
    last_progress_ = now;
    const bool only_head = reader_.request().method == "HEAD";
    last_ = last_ || (response.stream && !reader_.knows_chunks());
    write_head(response);
    if (response.stream && !only_head) {
        stream_ = std::move(response.stream);
        phase_ = Phase::stream;
        deadline_ = now + sign_of_life_after;
        tell_stream(now);
        return;
    }
    if (!only_head) {
        put(response.body);
    }
    end_answer(now);
}

void Conversation::end_answer(Instant now) {
    phase_ = last_ ? Phase::linger : Phase::idle;
    deadline_ = now + (last_ ? linger_patience : idle_patience);
    began_ = now;
    reader_ = RequestReader();  // a large body is not kept
}

void Conversation::write_chunk(std::string_view content) {
    put(reader_.knows_chunks() ? fmt::format("{:x}\r\n{}\r\n", content.size(), content)
                               : std::string(content));
}

void Conversation::tell_stream(Instant now) {
    for (bool goes_on = true; goes_on && output().size() < enough_output;) {
        std::string part;
        goes_on = stream_->more(part);
        if (!part.empty()) {
            last_progress_ = output().empty() ? now : last_progress_;
            write_chunk(part);
            deadline_ = now + sign_of_life_after;
        }
        if (!goes_on) {
            if (reader_.knows_chunks()) {
                put("0\r\n\r\n");
            }
            stream_.reset();
            end_answer(now);
        } else if (part.empty()) {
            break;
        }
    }
}

void Conversation::advance(Instant now) {
    if (!output().empty() && now >= last_progress_ + write_patience) {
        give_up();
    }
    switch (phase_) {
        case Phase::idle:
            if (now >= deadline_ && output().empty()) {
                phase_ = Phase::over;
            }
            break;
        case Phase::head:
        case Phase::body:
            if (now >= deadline_) {
                refuse(status::timed_out, now);
            }
            break;
        case Phase::pending:
            if (auto response = pending_->poll()) {
                pending_.reset();
                answer(std::move(*response), now);
            }
            break;
        case Phase::stream:
            tell_stream(now);
            if (phase_ == Phase::stream && now >= deadline_ && output().empty()) {
                write_chunk(stream_->sign_of_life());
                last_progress_ = now;
                deadline_ = now + sign_of_life_after;
            }
            break;
        case Phase::linger:
            if (now >= deadline_ && output().empty()) {
                phase_ = Phase::over;
            }
            break;
        case Phase::over: break;
    }
}

void Conversation::sent(std::size_t bytes, Instant now) {
    sent_ += std::min(bytes, output().size());
    last_progress_ = now;
    if (!output().empty()) {
        return;
    }
    output_.clear();
    sent_ = 0;
    if (phase_ == Phase::linger) {
        deadline_ = now + linger_patience;
    }
    if (phase_ == Phase::stream) {
        tell_stream(now);
    }
    work(now);
}

Instant Conversation::deadline() const noexcept {
    const Instant stalled = output().empty() ? Instant::max() : last_progress_ + write_patience;
    const bool waits_for_output =
        (phase_ == Phase::idle || phase_ == Phase::linger || phase_ == Phase::stream) &&
        !output().empty();
    if (phase_ == Phase::pending || waits_for_output) {
        return stalled;
    }
    return phase_ == Phase::over ? run_start : std::min(deadline_, stalled);
}

std::optional<Conversation::Rank> Conversation::dispensable() const noexcept {
    if (waits() || (admitted_ && phase_ == Phase::body)) {
        return std::nullopt;
    }
    if (!admitted_) {
        return Rank::stranger;
    }
    return phase_ == Phase::idle && output().empty() ? std::optional(Rank::idle) : std::nullopt;
}

void Conversation::finish() {
    last_ = true;
    if (phase_ == Phase::idle || phase_ == Phase::head || phase_ == Phase::body) {
        phase_ = output().empty() ? Phase::over : Phase::linger;
    }
}

}  // namespace ghostpeer::http
