#!/usr/bin/env bash
# The Debian and the RPM package have the same files, and whatever an installation of the build has for
# people: profiles, man pages, completion, documents, runners. What is packed is a stand-in for the
# release's executable, which takes long to make.
#
#   packages.sh GHOSTPEER BUILD-FOLDER
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
ghostpeer=$(realpath "$1") build=$2
for tool in dpkg-deb rpmbuild help2man lowdown; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed (tools/setup build release)" && exit 77; }
done
version=$(sed -nE 's/^project\(ghostpeer VERSION ([0-9.]+) .*/\1/p' "$top/CMakeLists.txt")
export version SOURCE_DATE_EPOCH=1700000000 LC_ALL=C
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/dist"
file=$scratch/dist/ghostpeer-$version-linux-$(uname -m)
printf '#!/bin/sh\nexec "%s" "$@"\n' "$ghostpeer" >"$file"
chmod 755 "$file"
"$top/tools/release.d/deb" "$scratch/dist"
"$top/tools/release.d/rpm" "$scratch/dist" >"$scratch/log" 2>&1 || { cat "$scratch/log" && exit 1; }

fail() {
    echo "$1"
    cat "$2"
    exit 1
}
# Each format has a few places and documents of its own.
dpkg-deb --fsys-tarfile "$scratch"/dist/*.deb | tar t | grep -v '/$' | sed 's|^\./||' |
    grep -vE '^usr/share/(lintian/|doc/ghostpeer/changelog)' | sed 's|zsh/vendor-completions|zsh/site-functions|' |
    sort >"$scratch/deb"
rpm --dbpath "$scratch/none" -qp --qf '[%{FILEMODES:perms} %{FILENAMES}\n]' "$scratch"/dist/*.rpm |
    sed -n 's|^-[^ ]* /||p' | grep -v '^usr/share/licenses/' | sort >"$scratch/rpm"
rpm --dbpath "$scratch/none" -qp --qf '[%{FILEMODES:perms} %{FILENAMES}\n]' "$scratch"/dist/*.rpm |
    sed -n 's|^d[^ ]* ||p' >"$scratch/folders"
grep -qx /usr/share/ghostpeer/profiles "$scratch/folders" ||
    fail "The RPM package leaves folders behind; it has only these:" "$scratch/folders"
diff "$scratch/deb" "$scratch/rpm" >"$scratch/differences" ||
    fail "The Debian package (<) and the RPM package (>) have other files:" "$scratch/differences"

DESTDIR=$scratch/root cmake --install "$build" --prefix /usr >"$scratch/log" 2>&1 || { cat "$scratch/log" && exit 1; }
(cd "$scratch/root" && find usr/share -type f) | sed -E 's|(/man/.*[0-9])$|\1.gz|; s|LICENSE$|copyright|' |
    grep -v '^usr/share/licenses/' | sort >"$scratch/installed"
grep '^usr/share/' "$scratch/deb" | comm -13 - "$scratch/installed" >"$scratch/differences"
[ ! -s "$scratch/differences" ] || fail "These are installed, but in no package:" "$scratch/differences"
comm -13 "$scratch/installed" <(grep '^usr/share/' "$scratch/deb") | grep -v '^usr/share/ghostpeer/apparmor$' \
    >"$scratch/differences" || true
[ ! -s "$scratch/differences" ] || fail "These are packed, but not installed:" "$scratch/differences"
echo "$(wc -l <"$scratch/deb") files in each package."
