#include "sweep/step.hpp"

#include "posix/file_descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace ghostpeer::sweep {
namespace {

/// False, and errno.
[[nodiscard]] bool become_file(int standard, const std::string& path, int mode) {
    const FileDescriptor file(
        open(path.empty() ? "/dev/null" : path.c_str(), mode | O_CLOEXEC, 0666));
    return file && dup2(file.get(), standard) >= 0;
}

}  // namespace

bool take_place(const Step& step) {
    return become_file(STDIN_FILENO, {}, O_RDONLY) &&
           become_file(STDOUT_FILENO, step.output, O_WRONLY | O_CREAT | O_TRUNC) &&
           become_file(STDERR_FILENO, step.errors, O_WRONLY | O_CREAT | O_APPEND) &&
           (step.folder.empty() || chdir(step.folder.c_str()) == 0);
}

void stay_on(std::size_t processor) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(processor, &one);
    sched_setaffinity(0, sizeof one, &one);
}

}  // namespace ghostpeer::sweep
