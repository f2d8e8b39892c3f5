#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the folders that need no MLX for 64-bit Arm Linux and runs their tests
# under qemu. Debian only. The arm64 libraries are unpacked under build/; the
# system's own package lists and architectures stay as they are.
set -eu
cd "$(dirname "$0")/.."

if [ "$(uname)" != Linux ] || ! command -v apt-get >/dev/null; then
  echo "check-arm needs Debian or Ubuntu." >&2
  exit 1
fi
if [ "$(uname -m)" = aarch64 ]; then
  echo "check-arm is for other machines: here, make test is the better check."
  exit 0
fi

sysroot=build/arm-sysroot
libraries="libpcre2-dev libpcre2-8-0 libutf8proc-dev libutf8proc2 libfmt-dev
  libfmt9 libhwy-dev libhwy1 nlohmann-json3-dev libcli11-dev libyaml-cpp-dev
  libyaml-cpp0.7 libssl-dev libssl3 libsqlite3-dev libsqlite3-0"

# apt with lists and caches of its own, for arm64 alone.
private_apt() {
  state=$PWD/build/arm-apt
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
  apt-get -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
    -o Dir::State="$state" -o Dir::State::Lists="$state/lists" \
    -o Dir::State::status=/dev/null -o Dir::Cache="$state/cache" \
    -o APT::Sandbox::User= -o Debug::NoLocking=1 -q "$@"
}

unpack_sysroot() {
  [ "$(cat "$sysroot/.packages" 2>/dev/null)" = "$libraries" ] && return
  echo "Fetching arm64 libraries"
  rm -rf "$sysroot" build/arm-debs
  mkdir -p "$sysroot" build/arm-debs
  # A third-party source without arm64 may fail; the download below decides.
  private_apt update || echo "warning: not every package source answered"
  # shellcheck disable=SC2086
  (root=$PWD && cd build/arm-debs && PWD=$root && private_apt download $libraries)
  for package in build/arm-debs/*.deb; do
    dpkg-deb -x "$package" "$sysroot"
  done
  # GoogleTest is built from Debian's sources.
  mkdir -p "$sysroot/usr/lib/cmake/GTest"
  cp cmake/toolchains/GTestFromSource.cmake \
    "$sysroot/usr/lib/cmake/GTest/GTestConfig.cmake"
  echo "$libraries" >"$sysroot/.packages"
}

scripts/packages.sh arm
unpack_sysroot
if ! [ build/arm/build.ninja -nt CMakePresets.json ] ||
  ! [ build/arm/build.ninja -nt cmake/toolchains/arm-linux.cmake ]; then
  rm -rf build/arm
  cmake --preset arm
fi
ninja -C build/arm
ctest --preset arm -j "$(nproc)"
