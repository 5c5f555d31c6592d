#include "lesson/lesson.hpp"

#include "event/exit_status.hpp"
#include "lesson/lesson_files.hpp"
#include "packets/loading.hpp"
#include "posix/message.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::lesson {
namespace {

using capture::Conversation;

bool is_named(const Conversation& conversation, const Wanted& wanted) {
    return wanted.numbers.empty() ||
           std::ranges::find(wanted.numbers, conversation.number) != wanted.numbers.end();
}

/// Wanted, and the bounds of what is kept had been reached before.
std::size_t left_out(const capture::Capture& capture, const Wanted& wanted) {
    return static_cast<std::size_t>(
        std::ranges::count_if(capture.conversations, [&](const Conversation& one) {
            return is_named(one, wanted) && one.cut_at_packet && one.segments.empty();
        }));
}

std::vector<const Conversation*> wanted_of(const capture::Capture& capture, const Wanted& wanted) {
    std::vector<const Conversation*> found;
    for (const Conversation& conversation : capture.conversations) {
        if (is_named(conversation, wanted) && !conversation.segments.empty()) {
            found.push_back(&conversation);
        }
    }
    return found;
}

}  // namespace

int give(const capture::Capture& capture, const Wanted& wanted) {
    const auto conversations = wanted_of(capture, wanted);
    if (conversations.empty()) {
        complain(
            "The capture has no such conversation; without -o, 'ghostpeer learn' lists those that "
            "it has.");
        return exit_cannot;
    }
    if (const std::size_t lost = left_out(capture, wanted); lost > 0) {
        complain(fmt::format(
            "{} more conversation{} left out: nothing could be kept of {} when it was read. "
            "Take those that matter out of the capture ('tcpdump -r FILE -w new.pcap host "
            "ADDRESS').",
            lost, lost == 1 ? " is" : "s are", lost == 1 ? "it" : "them"));
    }
    const learn::Lesson lesson =
        learn::learn(conversations, wanted.options, packets::packet_library());
    if (!lesson.error.empty()) {
        complain(lesson.error);
        return exit_cannot;
    }
    std::string written;
    const std::string problem = write_lesson(lesson, wanted.directory, wanted.overwrite, written);
    if (!problem.empty()) {
        complain(problem);
        return exit_cannot;
    }
    std::size_t captured = 0;
    std::size_t alike = 0;
    std::size_t open = 0;
    for (const learn::Account& account : lesson.accounts) {
        captured += account.captured;
        alike += account.alike;
        open += account.open.size();
    }
    written +=
        fmt::format("The profile's peer sends {} of the {} packets that the {} sent{}.\n", alike,
                    captured, capture::name(wanted.options.peer),
                    open == 0 ? std::string()
                              : fmt::format("; the report lists {} {} left open", open,
                                            open == 1 ? "thing that is" : "things that are"));
    return print_output(written) ? exit_success : exit_cannot;
}

}  // namespace ghostpeer::lesson
