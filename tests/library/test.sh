#!/bin/sh
# The installed library is used as its users do: by pkg-config and by CMake.
#   tests/library/test.sh BUILD-FOLDER
set -eu
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >"$work/log" || { cat "$work/log"; exit 1; }

PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name ghostpeer.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046
${CXX:-c++} -std=c++20 -Wall -Wextra -Werror "$here/lost_syn_ack.cpp" -o "$work/by_pkg_config" \
    $(pkg-config --cflags --libs --static ghostpeer)
"$work/by_pkg_config" | tee "$work/said"
grep -q '^0.000 < \[S\.\].* dropped$' "$work/said"
grep -q '^1.000 < \[S\.\].* sent$' "$work/said"

cmake -S "$here" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" ||
    { cat "$work/log"; exit 1; }
cmake --build "$work/build" >"$work/log" || { cat "$work/log"; exit 1; }
"$work/build/lost_syn_ack" | cmp - "$work/said"
