#!/bin/sh
# SPDX-License-Identifier: MIT
# The fuzz targets (preset fuzz; clang with libFuzzer):
#   scripts/fuzz.sh build            configure and build them
#   scripts/fuzz.sh run SECONDS      run each that long, two at a time
# Starts from fuzz/corpus/NAME for NAME_fuzz; what is found on the way goes to
# build/fuzz/found/TARGET, a crashing input to build/fuzz/crashes. Exit 77, which
# ctest shows as skipped, where there is no clang with libFuzzer.
set -eu
cd "$(dirname "$0")/.."

find_clang() {
  brewed=$(brew --prefix llvm 2>/dev/null || true)
  for name in clang++-19 ${brewed:+"$brewed/bin/clang++"}; do
    path=$(command -v "$name") || continue
    echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long)
      { return 0; }' >build/fuzz-probe.cpp
    if "$path" -fsanitize=fuzzer,address build/fuzz-probe.cpp \
      -o build/fuzz-probe 2>/dev/null; then
      echo "$path"
      return
    fi
  done
}

build_targets() {
  [ -f fuzz/CMakeLists.txt ] || { echo "No fuzz targets yet."; exit 0; }
  mkdir -p build
  clang=$(find_clang)
  if [ -z "$clang" ]; then
    echo "SKIPPED: the fuzz targets. They need clang with libFuzzer:" \
      "clang-19 and libclang-rt-19-dev on Debian, llvm from Homebrew." >&2
    rm -rf build/fuzz/fuzz
    exit 0
  fi
  BANTAM_FUZZ_CXX=$clang
  BANTAM_FUZZ_CC=$(echo "$clang" | sed 's/clang++/clang/')
  export BANTAM_FUZZ_CC BANTAM_FUZZ_CXX
  [ -f build/fuzz/build.ninja ] &&
    [ build/fuzz/build.ninja -nt CMakePresets.json ] ||
    cmake --preset fuzz
  ninja -C build/fuzz fuzz/all
}

targets() {
  find build/fuzz/fuzz -maxdepth 1 -type f -perm -100 2>/dev/null | sort
}

# Runs one target; its log is shown only when it fails.
run_target() {
  target=$1
  seconds=$2
  name=$(basename "$target")
  corpus=fuzz/corpus/${name%_fuzz}
  mkdir -p "build/fuzz/found/$name" build/fuzz/crashes
  set -- "build/fuzz/found/$name"
  if [ -d "$corpus" ]; then
    set -- "$@" "$corpus"
  else
    echo "warning: $name has no corpus ($corpus)"
  fi
  log=build/fuzz/$name.log
  if "$target" "$@" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=2560 -artifact_prefix="build/fuzz/crashes/$name-" \
    -print_final_stats=1 >"$log" 2>&1; then
    echo "ok      $name: $(sed -n \
      's/^stat::number_of_executed_units: *//p' "$log") runs in $seconds s"
  else
    tail -60 "$log"
    echo "FAILED  $name: the input is in build/fuzz/crashes, the log in $log"
    return 1
  fi
}

case ${1:-} in
  build) build_targets ;;
  run)
    found=$(targets)
    if [ -z "$found" ]; then
      echo "SKIPPED: no fuzz targets are built (scripts/fuzz.sh build)"
      exit 77
    fi
    echo "$found" | xargs -P 2 -n 1 sh "$0" one "${2:?seconds are missing}"
    ;;
  one) run_target "$3" "$2" ;;
  *)
    sed -n '3,8s/^# *//p' "$0" >&2
    exit 2
    ;;
esac
