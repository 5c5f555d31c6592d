// The runner of ghostpeer-probe's steps.
#pragma once

#include "probe_text.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::probe {

class Probe {
  public:
    Probe(Address peer, bool json) : peer_(std::move(peer)), json_(json) {}

    void run(const std::string& step);

  private:
    using Arguments = std::vector<std::string>;

    using Clock = std::chrono::steady_clock;

    [[nodiscard]] std::chrono::nanoseconds now() const { return Clock::now() - start_; }

    /// Makes one call and prints its line; `call` returns -1 and sets errno, as system calls do.
    std::int64_t traced(std::string_view name, std::string arguments,
                        const std::function<std::int64_t(Line&)>& call) {
        Line line{.call = name, .arguments = std::move(arguments), .at = now(), .notes = {}};
        line.result = call(line);
        line.error = line.result < 0 ? errno : 0;
        line.took = now() - line.at;
        print(line, json_);
        return line.result;
    }

    /// The connection; where there is none, the listener; where there is none either, a new socket.
    int socket() {
        if (fd_ < 0 && listener_ >= 0) {
            return listener_;
        }
        if (fd_ < 0) {
            traced("socket", "", [&](Line&) {
                return fd_ = ::socket(peer_.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
            });
        }
        return fd_;
    }

    template <typename Value>
    void option(std::string_view name, int level, int which, const Value& value,
                const std::string& shown) {
        const int fd = socket();
        traced("setsockopt", std::string(name) + ", " + shown,
               [&](Line&) { return ::setsockopt(fd, level, which, &value, sizeof value); });
    }
    void number(std::string_view name, int level, int which, std::size_t value) {
        option(name, level, which, static_cast<int>(value), std::to_string(value));
    }
    void timeval_option(std::string_view name, int which, const std::string& text) {
        const auto us = std::chrono::duration_cast<std::chrono::microseconds>(parse_time(text));
        option(name, SOL_SOCKET, which, timeval{us.count() / 1'000'000, us.count() % 1'000'000},
               text);
    }

    bool configure(std::string_view name, const Arguments& arguments);
    bool transfer(std::string_view name, const Arguments& arguments);
    bool look(std::string_view name, const Arguments& arguments);
    bool control(std::string_view name, const Arguments& arguments);
    bool serve(std::string_view name, const Arguments& arguments);
    void poll(const Arguments& arguments);
    void info();

    const Clock::time_point start_ = Clock::now();
    Address peer_;
    bool json_;
    int fd_ = -1;
    int listener_ = -1;
};

/// The argument at a place; throws BadStep where it is missing.
[[nodiscard]] const std::string& need(const std::vector<std::string>& arguments, std::size_t index);

}  // namespace ghostpeer::probe
