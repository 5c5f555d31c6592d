#!/usr/bin/env bash
# What tools/release makes for this architecture: twice the same bytes, packages that lintian has nothing
# against, and an executable that runs in an empty root.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
[ "$(id -u)" = 0 ] || { echo "making a root needs root and busybox-static" && exit 77; }
"$top/tools/release" --check x86_64 deb rpm
version=$(sed -nE 's/^project\(ghostpeer VERSION ([0-9.]+) .*/\1/p' "$top/CMakeLists.txt")
file=$top/dist/ghostpeer-$version-linux-x86_64
if readelf -d "$file" | grep NEEDED || readelf -l "$file" | grep INTERP; then
    echo "The executable needs another file."
    exit 1
fi
(cd "$top/dist" && sha256sum --check --quiet SHA256SUMS)
python3 "$top/tests/deployment/empty_root.py" "$file"
