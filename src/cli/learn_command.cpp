#include "cli/learn_command.hpp"

#include "capture/list.hpp"
#include "capture/read.hpp"
#include "compare/reading.hpp"
#include "event/exit_status.hpp"
#include "lesson/lesson.hpp"
#include "packets/capture_file.hpp"
#include "posix/message.hpp"

#include <string>
#include <utility>

namespace ghostpeer::cli {

[[nodiscard]] static learn::Options options_of(const LearnRequest& request) {
    learn::Options options;
    options.peer = request.program_is_server ? capture::Side::client : capture::Side::server;
    options.strict = request.strict;
    options.redact = request.redact;
    options.capture_name = request.file;
    return options;
}

int learn_command(const LearnRequest& request) {
    capture::ReadOptions options;
    options.from = request.from;
    options.only = request.peer;
    if (request.output) {
        options.keep.numbers = request.connections;
        if (request.connections.empty()) {
            options.keep.peer = request.peer;
        }
    }
    const auto capture = compare::read(packets::open_capture(request.file), std::move(options));
    if (!capture) {
        return exit_cannot;
    }
    if (request.output) {
        for (const std::string& note : capture->notes) {
            complain(note);
        }
        return lesson::give(*capture, {request.connections, options_of(request), *request.output,
                                       request.overwrite});
    }
    const bool written = print_output(capture::list_text(*capture, request.file));
    for (const std::string& note : capture->notes) {
        complain(note);
    }
    return written && !capture->conversations.empty() ? exit_success : exit_cannot;
}

}  // namespace ghostpeer::cli
