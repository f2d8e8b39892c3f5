#!/bin/sh
# SPDX-License-Identifier: MIT
# Cross-compiles the whole tree for macOS on Apple Silicon and links it against
# the real libmlx.dylib of the mlx-metal wheel, then looks at every undefined
# symbol. Runs on Linux; nothing of the result is run.
set -eu
cd "$(dirname "$0")/.."

if [ "$(uname)" = Darwin ]; then
  echo "check-macos is for Linux: on a Mac, make test is the better check."
  exit 0
fi

# cmake finds the headers of the third-party libraries, and no others, in a
# prefix of its own, with package files that bring no library.
prefix=build/macos-prefix

wrapper() {
  cat >"$prefix/bin/$1.new" <<END
#!/bin/sh
# zig $2: $(python3 scripts/fetch.py version ziglang)
export ZIG_GLOBAL_CACHE_DIR="$PWD/build/zig-cache"
export ZIG_LOCAL_CACHE_DIR="$PWD/build/zig-cache"
exec "$PWD/build/tools/zig/ziglang/zig" $2 "\$@"
END
  chmod +x "$prefix/bin/$1.new"
  # Its change date is part of ccache's key.
  if cmp -s "$prefix/bin/$1.new" "$prefix/bin/$1"; then
    rm "$prefix/bin/$1.new"
  else
    mv "$prefix/bin/$1.new" "$prefix/bin/$1"
  fi
}

header_package() {
  for header in $2; do
    ln -sfn "/usr/include/$header" "$prefix/include/$header"
  done
  mkdir -p "$prefix/lib/cmake/$1"
  cat >"$prefix/lib/cmake/$1/$1Config.cmake" <<END
if(NOT TARGET $3)
  add_library($3 INTERFACE IMPORTED)
  set_target_properties($3 PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "$PWD/$prefix/include"
    INTERFACE_COMPILE_DEFINITIONS "${4:-}")
endif()
END
  # Any version: the Linux build has already checked it.
  echo 'set(PACKAGE_VERSION_COMPATIBLE TRUE)' \
    >"$prefix/lib/cmake/$1/$1ConfigVersion.cmake"
}

pkg_config_package() {
  for header in $2; do
    ln -sfn "/usr/include/$header" "$prefix/include/$header"
  done
  cat >"$prefix/lib/pkgconfig/$1.pc" <<END
Name: $1
Description: headers only, for cross-compiling
Version: $(pkg-config --modversion "$1")
Cflags: -I$PWD/$prefix/include
END
}

lay_out_prefix() {
  mkdir -p "$prefix/bin" "$prefix/include" "$prefix/lib/pkgconfig"
  target="-target aarch64-macos.14.0"
  wrapper cc "cc $target"
  wrapper c++ "c++ $target"
  wrapper ar ar
  wrapper ranlib ranlib
  header_package nlohmann_json nlohmann nlohmann_json::nlohmann_json
  header_package fmt fmt fmt::fmt FMT_HEADER_ONLY
  header_package CLI11 CLI CLI11::CLI11
  header_package yaml-cpp yaml-cpp yaml-cpp::yaml-cpp
  pkg_config_package libpcre2-8 pcre2.h
  pkg_config_package libutf8proc utf8proc.h
  pkg_config_package libhwy hwy
  pkg_config_package libcrypto ""
  pkg_config_package sqlite3 sqlite3.h
  # Debian splits its headers by machine.
  mkdir -p "$prefix/include/openssl"
  for header in /usr/include/openssl/*.h /usr/include/*-linux-gnu/openssl/*.h; do
    ln -sfn "$header" "$prefix/include/openssl/"
  done
  # GoogleTest is built from Debian's sources, so that test programs link whole.
  mkdir -p "$prefix/lib/cmake/GTest"
  cp cmake/toolchains/GTestFromSource.cmake \
    "$prefix/lib/cmake/GTest/GTestConfig.cmake"
}

scripts/packages.sh macos
python3 scripts/fetch.py unpack ziglang build/tools/zig
python3 scripts/fetch.py unpack mlx-metal build/mlx-macos \
  --platform macosx_14_0_arm64
lay_out_prefix
if ! [ build/macos/build.ninja -nt CMakePresets.json ] ||
  ! [ build/macos/build.ninja -nt cmake/toolchains/macos-zig.cmake ] ||
  ! [ build/macos/build.ninja -nt cmake/toolchains/macos-rules.cmake ]; then
  rm -rf build/macos
  cmake --preset macos
fi
ninja -C build/macos -k 0
python3 tools/macho_symbols.py build/macos
