// What somebody may have meant who wrote something else.
#pragma once

#include <string>
#include <vector>

namespace ghostpeer::help {

/// Words before the first `--`, as their user meant them: `help run` is `run --help`, `version` is
/// `--version`.
[[nodiscard]] std::vector<std::string> understand_words(std::vector<std::string> words);

/// What is said of a first word that is no command of ghostpeer's: the command whose name is near,
/// or that it is the name of a profile. `known`: the commands.
[[nodiscard]] std::string unknown_command(const std::string& word,
                                          const std::vector<std::string>& known);

/// What is said of words that a command did not take. `words` are all of the command line, without
/// the program; `left` those that nobody took, in their order; `options` the command's own, such as
/// `--timeout`; `takes_command`: what follows `--` is a program to run, and there is no `--`.
[[nodiscard]] std::string unexpected_words(const std::vector<std::string>& words,
                                           const std::vector<std::string>& left,
                                           const std::vector<std::string>& options,
                                           bool takes_command);

}  // namespace ghostpeer::help
