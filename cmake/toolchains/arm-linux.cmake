# Cross-compiles for 64-bit Arm Linux with Debian's compiler, against the arm64
# Debian packages that scripts/check_arm.sh unpacked; tests run under qemu.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR
    qemu-aarch64-static -L /usr/aarch64-linux-gnu)

get_filename_component(
  _sysroot ${CMAKE_CURRENT_LIST_DIR}/../../build/arm-sysroot ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH ${_sysroot})
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_PACKAGE_PREFER_CONFIG ON)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${_sysroot})
set(ENV{PKG_CONFIG_LIBDIR}
    ${_sysroot}/usr/lib/aarch64-linux-gnu/pkgconfig:${_sysroot}/usr/share/pkgconfig)
# The shared libraries of the sysroot need one another.
set(CMAKE_EXE_LINKER_FLAGS_INIT
    "-Wl,-rpath-link,${_sysroot}/usr/lib/aarch64-linux-gnu")
# OpenSSL's configuration lies among the headers of the architecture.
set(CMAKE_CXX_FLAGS_INIT "-isystem ${_sysroot}/usr/include/aarch64-linux-gnu")
