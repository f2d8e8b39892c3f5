#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the system packages that the named groups need and that are missing:
#   scripts/packages.sh build [fuzz] [macos] [arm] [oracle] [bench]
# Debian 12 or later (apt-get, as root or through sudo) and macOS 14 or later
# (Homebrew). Does nothing, quickly, when all is there.
# BANTAM_SKIP_PACKAGES=1 trusts that the machine has what it needs.
set -eu

cd "$(dirname "$0")/.."
stamps=build/stamps

debian_packages() {
  case $1 in
    build) echo g++ cmake ninja-build ccache pkg-config python3 python3-pip \
      ca-certificates libpcre2-dev libutf8proc-dev nlohmann-json3-dev \
      libfmt-dev libhwy-dev libcli11-dev libyaml-cpp-dev libssl-dev \
      libsqlite3-dev libgtest-dev ;;
    fuzz) echo clang-19 libclang-rt-19-dev ;;
    macos) echo python3 python3-pip ca-certificates cmake ninja-build ccache \
      pkg-config libpcre2-dev libutf8proc-dev nlohmann-json3-dev libfmt-dev \
      libhwy-dev libcli11-dev libyaml-cpp-dev libssl-dev \
      libsqlite3-dev libgtest-dev ;;
    arm) echo g++-aarch64-linux-gnu qemu-user-static googletest cmake ninja-build ccache \
      pkg-config python3 python3-pip ca-certificates ;;
    tools) echo python3 python3-pip ca-certificates ;;
    oracle) echo python3 python3-pip python3-venv ca-certificates chromium ;;
    bench) echo g++ cmake ninja-build ccache python3 python3-pip ;;
    *) echo "error: scripts/packages.sh knows no group $1" >&2; exit 2 ;;
  esac
}

brew_packages() {
  case $1 in
    build) echo cmake ninja ccache pkgconf python@3.13 pcre2 utf8proc \
      nlohmann-json fmt highway cli11 yaml-cpp openssl@3 sqlite googletest ;;
    fuzz) echo llvm ;;
    bench) echo cmake ninja ;;
    *) ;;
  esac
}

installed_on_debian() {
  dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^.i'
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

may_become_root() {
  [ "$(id -u)" = 0 ] && return 0
  command -v sudo >/dev/null 2>&1 || return 1
  # Without a terminal sudo cannot ask for a password.
  [ -t 0 ] || sudo -n true 2>/dev/null
}

ensure_debian() {
  missing=
  for group in "$@"; do
    packages=$(debian_packages "$group")
    # One query for all; the slow path names the missing ones.
    # shellcheck disable=SC2086
    states=$(dpkg-query -W -f '${db:Status-Abbrev}\n' $packages 2>/dev/null) &&
      [ -z "$(echo "$states" | grep -v '^.i')" ] && continue
    for package in $packages; do
      installed_on_debian "$package" || missing="$missing $package"
    done
  done
  [ -n "$missing" ] || return 0
  missing=$(echo "$missing" | tr ' ' '\n' | sort -u | tr '\n' ' ')
  if ! may_become_root; then
    echo "error: system packages are missing and this user is neither root" \
      "nor may use sudo." >&2
    echo "Ask an administrator to run:" >&2
    echo "  apt-get install $missing" >&2
    exit 1
  fi
  echo "Installing: $missing"
  install="apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300"
  as_root env DEBIAN_FRONTEND=noninteractive dpkg --configure -a
  as_root apt-get update -o DPkg::Lock::Timeout=300
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive $install $missing </dev/null
}

ensure_brew() {
  if ! command -v brew >/dev/null 2>&1; then
    echo "error: Homebrew is missing. Install it (see its home page), or" \
      "set BANTAM_SKIP_PACKAGES=1 if these are there another way:" >&2
    for group in "$@"; do brew_packages "$group" >&2; done
    exit 1
  fi
  for group in "$@"; do
    packages=$(brew_packages "$group")
    # brew takes a second to answer, so its answer is kept.
    stamp=$stamps/brew-$group
    [ "$(cat "$stamp" 2>/dev/null)" = "$packages" ] && continue
    for package in $packages; do
      brew list --versions "$package" >/dev/null || brew install "$package"
    done
    mkdir -p "$stamps"
    echo "$packages" >"$stamp"
  done
}

[ "${BANTAM_SKIP_PACKAGES:-}" = 1 ] && exit 0
if [ "$(uname)" = Darwin ]; then
  ensure_brew "$@"
elif command -v apt-get >/dev/null 2>&1; then
  ensure_debian "$@"
else
  echo "error: this system has no apt-get. Install the counterparts of" >&2
  for group in "$@"; do echo "  $(debian_packages "$group")" >&2; done
  echo "and set BANTAM_SKIP_PACKAGES=1." >&2
  exit 1
fi
