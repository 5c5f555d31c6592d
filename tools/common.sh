# What the scripts of this folder share; sourced, not run.
# shellcheck shell=bash
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"

# The one list of Debian packages, by purpose.
packages_build="g++ cmake ninja-build pkg-config libtins-dev libpcap-dev libyaml-cpp-dev libcli11-dev
    doctest-dev libfmt-dev nlohmann-json3-dev libmnl-dev libexpected-dev robin-map-dev libre2-dev
    node-d3 help2man lowdown man-db"
packages_demo="curl python3"
packages_test="curl netcat-openbsd nodejs python3 python3-pytest python3-pytest-xdist
    python3-setuptools python3-wheel bats python3-jsonschema python3-urllib3 python3-yaml
    ethtool iproute2 util-linux openssl nginx-light haproxy redis-server postgresql openssh-client
    openssh-server
    mosquitto-clients default-mysql-client amqp-tools tshark strace chromium parallel wget
    python3-psycopg2 python3-pika python3-redis python3-websockets python3-requests python3-aiohttp python3-pymysql
    ruby-httpclient mosquitto git fish zsh rpm"
# What the nightly form tests besides: compilers, which are large.
packages_night="golang-go default-jdk-headless junit5"
packages_warp="linux-source-6.12 gcc libc6-dev make flex bison bc patch tar xz-utils binutils"
packages_check="clang-format-14 clang-tidy-14 python3"
# What tools/release needs besides.
packages_release="dpkg-dev flex bison make lintian rpm binutils busybox-static
    debian-archive-keyring"
packages_cross="g++-aarch64-linux-gnu qemu-user-static"
packages_coverage="gcovr"
packages_fuzz="clang-14 libclang-rt-14-dev"

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
    bold='' dim='' red='' green='' plain=''
fi

say() { printf '%s\n' "$*"; }
title() { printf '%s%s%s\n' "$bold" "$*" "$plain"; }
fail() {
    printf '%s%s%s\n' "$red" "$*" "$plain" >&2
    exit 1
}

jobs=$(nproc)

# configure_and_build PRESET [CMAKE-ARGUMENT…] [-- TARGET…]
# Ninja shows one moving line on a terminal; elsewhere only the steps of 25 % are shown. The whole
# output is shown when the build fails.
configure_and_build() {
    local preset=$1 folder log
    shift
    local arguments=() targets=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        arguments+=("$1")
        shift
    done
    [ $# -gt 0 ] && shift && targets=(--target "$@")
    folder=build
    [ "$preset" = release ] || folder=build-$preset
    mkdir -p "$folder"
    log=$folder/build.log
    # The flags are known to be clean with the compiler of Debian 12; others may warn of more.
    if [ "$preset" != fuzz ] && [ "$(g++ -dumpversion)" = 12 ]; then
        arguments=(-DGHOSTPEER_WERROR=ON "${arguments[@]}")
    fi
    local start=$SECONDS
    if ! cmake --preset "$preset" "${arguments[@]}" >"$log" 2>&1; then
        cat "$log" >&2
        fail "CMake could not configure the build; the reason is above."
    fi
    local status=0
    if [ -t 1 ]; then
        cmake --build "$folder" --parallel "$jobs" "${targets[@]}" || status=$?
    else
        cmake --build "$folder" --parallel "$jobs" "${targets[@]}" 2>&1 | tee "$log" | build_steps ||
            status=$?
        [ "$status" = 0 ] || grep -vE '^\[[0-9]+/[0-9]+\]' "$log" >&2 || true
    fi
    [ "$status" = 0 ] || fail "The build failed; the compiler's reason is above."
    say "Built $folder in $((SECONDS - start)) s."
}

build_steps() {
    awk 'match($0, /^\[[0-9]+\/[0-9]+\]/) {
        split(substr($0, 2, RLENGTH - 2), at, "/")
        step = int(4 * at[1] / at[2])
        if (step > last && at[2] >= 8) {
            printf "  %3d %% built\n", 25 * step
            fflush()
            last = step
        }
    }'
}
