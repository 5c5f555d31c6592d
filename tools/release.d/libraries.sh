# The static libraries of a release; sourced by tools/release.
# shellcheck shell=bash

# What Debian has them as; the sources of the first two are compiled with what ghostpeer uses of them.
sources="libtins libpcap"
libraries_of_x86_64="libmnl-dev:amd64/trixie"
libraries_of_aarch64="libmnl-dev:arm64/trixie libyaml-cpp-dev:arm64/bookworm libre2-dev:arm64/bookworm
    libfmt-dev:arm64/bookworm libcli11-dev/bookworm nlohmann-json3-dev/bookworm
    libexpected-dev/bookworm robin-map-dev/bookworm doctest-dev/bookworm"

# An apt with a state of its own, which knows both releases and both architectures.
own_apt() {
    local state=$top/build-release/apt mirror
    if [ ! -e "$state/ready" ]; then
        mkdir -p "$state"/{lists,cache/archives}/partial
        : >"$state/status"
        mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' | sed -n 's/ bookworm$//p' | head -n 1)
        [ -n "$mirror" ] || fail "apt knows no mirror of Debian 12 on this machine; a release is made there."
        cat >"$state/sources" <<END
Types: deb deb-src
URIs: $mirror
Suites: bookworm trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
        cat >"$state/conf" <<END
Dir::Etc::sourcelist "$state/own.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "$state/lists";
Dir::State::status "$state/status";
Dir::Cache "$state/cache";
APT::Architecture "amd64";
APT::Architectures { "amd64"; "arm64"; };
APT::Sandbox::User "";
Acquire::Languages "none";
END
        mv "$state/sources" "$state/own.sources"
        APT_CONFIG=$state/conf apt-get -qq update || fail "apt could not read the lists of $mirror."
        : >"$state/ready"
    fi
    APT_CONFIG=$state/conf apt-get -q "$@" >>"$state/log" 2>&1 ||
        fail "apt-get $* failed; its log is $state/log."
}

# describe_library NAME VERSION: a .pc file of its own, for a folder that can be anywhere
describe_library() {
    cat >"$libraries/lib/pkgconfig/lib$1.pc" <<END
prefix=\${pcfiledir}/../..
Name: lib$1
Description: as a release of ghostpeer links it
Version: $2
Libs: -L\${prefix}/lib -l$1
Cflags: -I\${prefix}/include
END
}

# static_libraries ARCHITECTURE: makes them, once; sets `libraries`, their prefix
static_libraries() {
    local arch=$1 folder=$top/build-release/libraries-$1 packages=libraries_of_$1 tool="" host=""
    libraries=$folder/usr
    [ ! -e "$folder/ready" ] || return 0
    say "Making the static libraries for $arch"
    rm -rf "$folder" && mkdir -p "$folder/from" "$libraries/lib/pkgconfig"
    if [ "$arch" != "$(uname -m)" ]; then
        tool=$arch-linux-gnu-
        host=--host=$arch-linux-gnu
    fi
    (
        cd "$folder/from"
        # shellcheck disable=SC2086
        own_apt source --download-only --tar-only $sources
        # shellcheck disable=SC2086
        own_apt download ${!packages}
        for package in *.deb; do dpkg -x "$package" "$folder"; done
        for archive in *.orig.tar.*; do tar xf "$archive"; done
        # What these name, shared libraries, is not there.
        rm -f "$libraries"/lib/*/cmake/*/*-targets-none.cmake
        sed -i "s|=/usr|=$libraries|" "$libraries"/lib/*/pkgconfig/*.pc
        mkdir tins pcap
        flags="-O2 -ffunction-sections -fdata-sections -ffile-prefix-map=$folder=."
        cmake -S libtins-* -B tins "-DCMAKE_INSTALL_PREFIX=$libraries" -DCMAKE_INSTALL_LIBDIR=lib \
            -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS=$flags" -DLIBTINS_BUILD_SHARED=0 \
            -DLIBTINS_ENABLE_PCAP=0 -DLIBTINS_ENABLE_DOT11=0 -DLIBTINS_ENABLE_WPA2=0 \
            -DLIBTINS_ENABLE_TCPIP=0 -DLIBTINS_BUILD_EXAMPLES=0 -DLIBTINS_BUILD_TESTS=0 \
            ${tool:+-DCMAKE_SYSTEM_NAME=Linux "-DCMAKE_CXX_COMPILER=${tool}g++" \
                "-DCMAKE_C_COMPILER=${tool}gcc"}
        cmake --build tins --parallel "$jobs" --target install
        describe_library tins "$(sed -n 's/^Version: //p' "$libraries/lib/pkgconfig/libtins.pc")"
        cd pcap
        ../libpcap-*/configure "--prefix=$libraries" ${host:+"$host"} --with-pcap=linux \
            --disable-shared --disable-dbus --disable-usb --disable-bluetooth --disable-rdma \
            --disable-netmap --disable-remote --without-libnl --without-dag --without-septel \
            --without-snf --without-turbocap --without-dpdk "CC=${tool}gcc" \
            "CFLAGS=$flags"
        make -j"$jobs" libpcap.a
        cp libpcap.a "$libraries/lib"
        cp -r ../libpcap-*/{pcap.h,pcap-bpf.h,pcap-namedb.h,pcap} "$libraries/include"
        describe_library pcap "$(cat ../libpcap-*/VERSION)"
    ) >"$folder.log" 2>&1 || fail "The static libraries could not be made; the log is $folder.log."
    : >"$folder/ready"
}
