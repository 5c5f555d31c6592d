#include "show_samples.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace ghostpeer::show;
using namespace ghostpeer::show::test;

namespace {

/// As the program does.
struct IgnoreBrokenPipes {
    IgnoreBrokenPipes() { std::signal(SIGPIPE, SIG_IGN); }
};
const IgnoreBrokenPipes ignore_broken_pipes;

std::string lines(int first, int last) {
    std::string text;
    for (int i = first; i <= last; ++i) {
        text += "line " + std::to_string(i) + "\n";
    }
    return text;
}

void write_lines(OutputFile& file, int first, int last) {
    for (int i = first; i <= last; ++i) {
        file.write("line " + std::to_string(i) + "\n");
    }
}

}  // namespace

TEST_CASE("output file: records wait for a flush and then go out whole and in order") {
    const Pipe pipe;
    auto file = pipe.file();
    write_lines(file, 1, 3);
    CHECK(pipe.take().empty());
    file.flush();
    CHECK(pipe.take() == lines(1, 3));
    CHECK_FALSE(file.pending());
    CHECK_FALSE(file.lost());
}

TEST_CASE("output file: much is written without a flush") {
    const auto path =
        std::filesystem::temp_directory_path() / ("ghostpeer-output-" + std::to_string(::getpid()));
    {
        auto file = OutputFile::open(path.string(), "event stream");
        REQUIRE(file);
        write_lines(*file, 1, 100'000);
        CHECK(std::filesystem::file_size(path) > 100'000);
        file->finish();
        CHECK_FALSE(file->lost());
    }
    std::ifstream in(path);
    std::stringstream content;
    content << in.rdbuf();
    CHECK(content.str() == lines(1, 100'000));
    std::filesystem::remove(path);
}

TEST_CASE("output file: the flags of a descriptor that COMMAND shares stay as they are") {
    const Pipe pipe;
    auto file = pipe.file();
    CHECK((::fcntl(pipe.writer, F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("output file: a closed reader ends the writing, and every record is counted") {
    Pipe pipe;
    auto file = pipe.file();
    pipe.close_reader();
    write_lines(file, 1, 3);
    file.flush();
    write_lines(file, 4, 5);
    file.finish();
    CHECK(file.records_lost() == 5);
    CHECK(file.lost() ==
          "The trace in standard error is cut short, 5 records are missing at its "
          "end: Broken pipe.");
}

TEST_CASE("output file: a reader that was gone before") {
    Pipe pipe;
    pipe.close_reader();
    auto file = pipe.file();
    write_lines(file, 1, 1);
    file.finish();
    CHECK(file.lost() ==
          "The trace in standard error is cut short, 1 record is missing at its "
          "end: Broken pipe.");
}

TEST_CASE("output file: a full disk ends the writing") {
    auto file = OutputFile::open("/dev/full", "event stream");
    REQUIRE(file);
    write_lines(*file, 1, 2);
    file->finish();
    CHECK(file->lost() ==
          "The event stream in /dev/full is cut short, 2 records are missing at its "
          "end: No space left on device.");
}

TEST_CASE("output file: a file that cannot be made is told in a sentence") {
    const auto file = OutputFile::open("/nowhere/run.jsonl", "event stream");
    REQUIRE_FALSE(file);
    CHECK(file.error() ==
          "The event stream cannot be written to /nowhere/run.jsonl: No such file "
          "or directory. Name a file that may be created there.");
}

TEST_CASE("output file: a reader that sleeps and wakes misses nothing within the backlog") {
    const Pipe pipe;
    auto file = pipe.file();
    write_lines(file, 1, 150'000);
    file.flush();
    CHECK(file.pending());
    std::string read = pipe.take();
    CHECK(read.back() == '\n');  // what COMMAND writes now does not split a line
    while (file.pending()) {
        read += pipe.take();
        file.flush();
    }
    read += pipe.take();
    CHECK(read == lines(1, 150'000));
    CHECK_FALSE(file.lost());
}

TEST_CASE("output file: beyond the backlog the newest are lost, and the rest stays whole") {
    const Pipe pipe;
    auto file = pipe.file({10'000, 20});
    write_lines(file, 1, 20'000);
    const auto lost = file.records_lost();
    CHECK(lost > 0);
    std::string read = pipe.take();
    file.flush();
    read += pipe.take();
    CHECK_FALSE(file.pending());
    CHECK(read == lines(1, 20'000 - static_cast<int>(lost)));
    CHECK(file.lost() == "The trace in standard error has gaps, " + std::to_string(lost) +
                             " records are missing: its reader was too slow.");
    file.write("later\n");
    file.flush();
    CHECK(pipe.take() == "later\n");
}

TEST_CASE("output file: the end waits for a slow reader, but not for ever") {
    const Pipe pipe;
    auto file = pipe.file({1'000'000, 20});
    write_lines(file, 1, 20'000);
    file.finish();
    CHECK_FALSE(file.pending());
    CHECK(file.records_lost() > 0);
    const auto read = pipe.take();
    CHECK(read == lines(1, 20'000 - static_cast<int>(file.records_lost())));
}

TEST_CASE("output file: what is lost is counted right after much of it was read") {
    const Pipe pipe;
    auto file = pipe.file({4'000'000, 20});
    write_lines(file, 1, 150'000);
    std::string read;
    while (read.size() < 1'200'000) {
        read += pipe.take();
        file.flush();
    }
    file.finish();
    read += pipe.take();
    CHECK(file.records_lost() > 0);
    CHECK(read == lines(1, 150'000 - static_cast<int>(file.records_lost())));
}

TEST_CASE("output file: a socket is written to without waiting") {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    {
        auto file = OutputFile::adopt(ends[0], "standard error", "trace", {1'000'000, 20});
        write_lines(file, 1, 100'000);
        CHECK(file.pending());
        ::close(ends[1]);
        file.finish();
        CHECK(file.records_lost() > 0);
    }
    ::close(ends[0]);
}

TEST_CASE("output file: moving it moves what is buffered") {
    const Pipe pipe;
    auto first = pipe.file();
    first.write("line 1\n");
    auto second = std::move(first);
    second.finish();
    CHECK(pipe.take() == "line 1\n");
}
