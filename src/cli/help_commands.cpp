#include "cli/help_commands.hpp"

#include "cli/catalogue_commands.hpp"
#include "event/exit_status.hpp"
#include "help/doctor.hpp"
#include "help/first_profile.hpp"
#include "help/schemas.hpp"
#include "posix/file_descriptor.hpp"
#include "posix/message.hpp"
#include "posix/shell_words.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

namespace ghostpeer::cli {
namespace {

/// The errno; 0: the whole text is there.
[[nodiscard]] int write_new_file(const std::string& path, std::string_view text) {
    constexpr mode_t readable = 0666;
    const FileDescriptor file(
        open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, readable));
    if (!file) {
        return errno;
    }
    while (!text.empty()) {
        const ssize_t written = write(file.get(), text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
    return 0;
}

}  // namespace

int init_command(const InitRequest& request) {
    if (request.file == "-") {
        return print_text(help::first_profile());
    }
    if (const int error = write_new_file(request.file, help::first_profile()); error != 0) {
        complain(
            error == EEXIST
                ? fmt::format("{} is there already, and stays as it is. Name another file: "
                              "ghostpeer init FILE",
                              request.file)
                : fmt::format("{} could not be written: {}.", request.file, std::strerror(error)));
        return exit_cannot;
    }
    const bool relative = request.file.find('/') == std::string::npos;
    return print_text(
        fmt::format("{} is written. Try it:\n"
                    "  ghostpeer run {} -- curl -sS http://198.18.0.2/\n",
                    request.file, shell_word((relative ? "./" : "") + request.file)));
}

int schema_command(const SchemaRequest& request) {
    return request.of == "events" ? print_text(help::event_schema())
                                  : print_text(help::schema_for_editors());
}

int doctor_command(const DoctorRequest& /*request*/) { return help::doctor(); }

}  // namespace ghostpeer::cli
