#include "sandbox/traced_start.hpp"

#include "sandbox/command.hpp"
#include "sandbox/control_channel.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>

namespace ghostpeer::sandbox {

namespace {

constexpr const char* start_word = "@traced-start";

[[nodiscard]] bool is_traced() {
    std::ifstream status("/proc/self/status");
    constexpr std::string_view mark = "TracerPid:\t";
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(mark)) {
            return line.substr(mark.size()) != "0";
        }
    }
    return false;
}

void close_all(const char* list) {
    char* end = nullptr;
    for (const char* at = list; *at != '\0'; at = *end == ',' ? end + 1 : end) {
        const long fd = std::strtol(at, &end, 10);
        if (end == at) {
            return;
        }
        close(static_cast<int>(fd));
    }
}

}  // namespace

int execute_traced(const Spec& spec, int report) {
    const Tracer& tracer = *spec.tracer;
    const int self = open("/proc/self/exe", O_RDONLY);
    if (self < 0 || fcntl(report, F_SETFD, 0) != 0 || fcntl(tracer.output, F_SETFD, 0) != 0) {
        return errno;
    }
    std::string closed = std::to_string(self) + "," + std::to_string(tracer.output);
    // Those that COMMAND is to find closed strace fills.
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        const int flags = fcntl(fd, F_GETFD);
        if (flags < 0 || (flags & FD_CLOEXEC) != 0) {
            closed += "," + std::to_string(fd);
        }
    }
    std::vector<std::string> words = tracer.command;
    for (std::string word : {std::string("-o"), "/proc/self/fd/" + std::to_string(tracer.output),
                             std::string("--"), "/proc/self/fd/" + std::to_string(self),
                             std::string(start_word), std::to_string(report), closed}) {
        words.push_back(std::move(word));
    }
    words.insert(words.end(), spec.command.begin(), spec.command.end());
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    return errno;
}

bool is_traced_start(int argc, const char* const* argv) {
    return argc >= 2 && std::strcmp(argv[1], start_word) == 0;
}

void traced_start(int argc, char** argv) {
    constexpr int first_word = 4;
    constexpr int failure = 127;
    if (argc <= first_word) {
        _exit(is_traced() ? 0 : failure);
    }
    FileDescriptor report(std::atoi(argv[2]));
    close_all(argv[3]);
    std::array<int, 2> ends{};
    if (!is_traced() || pipe2(ends.data(), O_CLOEXEC) != 0) {
        _exit(failure);
    }
    Message message;
    message.type = Message::Type::launched;
    message.descriptors.emplace_back(ends[0]);
    if (send_message(report, message)) {
        report.reset();
        message.descriptors.clear();
        const int error = execute_program(argv + first_word);
        [[maybe_unused]] const auto sent = write(ends[1], &error, sizeof error);
    }
    _exit(failure);
}

std::optional<int> await_traced_start(const FileDescriptor& report) {
    const auto message = receive_message(report);
    return message && !message->descriptors.empty() ? read_report(message->descriptors.front())
                                                    : tracer_failed;
}

std::vector<std::string> traced_nothing() { return {start_word}; }

}  // namespace ghostpeer::sandbox
