# Cross-compiles for Apple Silicon on Linux with zig's clang and its own libc++.
# scripts/check_macos.sh lays out build/macos-prefix: the compiler's wrappers and
# the headers of the third-party libraries, whose symbols stay undefined.

set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_VERSION 23.0) # macOS 14
set(CMAKE_USER_MAKE_RULES_OVERRIDE ${CMAKE_CURRENT_LIST_DIR}/macos-rules.cmake)
set(CMAKE_SYSTEM_PROCESSOR arm64)

get_filename_component(
  _prefix ${CMAKE_CURRENT_LIST_DIR}/../../build/macos-prefix ABSOLUTE)
set(CMAKE_C_COMPILER ${_prefix}/bin/cc)
set(CMAKE_CXX_COMPILER ${_prefix}/bin/c++)
set(CMAKE_AR ${_prefix}/bin/ar)
set(CMAKE_RANLIB ${_prefix}/bin/ranlib)
set(CMAKE_INSTALL_NAME_TOOL true)
set(CMAKE_OSX_SYSROOT "" CACHE PATH "zig brings its own")

set(CMAKE_PREFIX_PATH ${_prefix})
set(CMAKE_FIND_PACKAGE_PREFER_CONFIG ON)
set(ENV{PKG_CONFIG_LIBDIR} ${_prefix}/lib/pkgconfig)
# No header of this Linux system may be found.
set(CMAKE_FIND_ROOT_PATH ${_prefix} ${_prefix}/../mlx-macos/mlx)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)

# Nothing is run, so nothing is optimised: the check is about what compiles and
# links. Left alone, zig adds UBSan to such a build.
set(_flags "-O0 -g0 -fno-sanitize=undefined -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "${_flags}" CACHE STRING "")
set(CMAKE_CXX_FLAGS_RELEASE "${_flags}" CACHE STRING "")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,-undefined,dynamic_lookup")
