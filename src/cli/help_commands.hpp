// `init`, `schema` and `doctor`: what helps before the first run.
#pragma once

#include "cli/command_line.hpp"

namespace ghostpeer::cli {

[[nodiscard]] int init_command(const InitRequest& request);
[[nodiscard]] int schema_command(const SchemaRequest& request);
[[nodiscard]] int doctor_command(const DoctorRequest& request);

}  // namespace ghostpeer::cli
