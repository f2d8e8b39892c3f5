# Every third-party library bantam links, found in the system (Debian 12 or
# Homebrew) or, for MLX, in the unpacked wheel that the Makefile fetched.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(fmt REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)
if(APPLE AND NOT CMAKE_CROSSCOMPILING)
  # Homebrew keeps openssl@3 out of the default paths.
  execute_process(
    COMMAND brew --prefix openssl@3
    OUTPUT_VARIABLE _openssl
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  # So it does with sqlite, because macOS has an older one.
  execute_process(
    COMMAND brew --prefix sqlite
    OUTPUT_VARIABLE _sqlite
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(ENV{PKG_CONFIG_PATH}
      "${_openssl}/lib/pkgconfig:${_sqlite}/lib/pkgconfig:$ENV{PKG_CONFIG_PATH}")
endif()
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
find_package(CLI11 REQUIRED)
find_package(yaml-cpp REQUIRED)
# Its target has a namespace from 0.8 on (Homebrew); Debian 12 has 0.7.
add_library(bantam_yaml INTERFACE)
if(TARGET yaml-cpp::yaml-cpp)
  target_link_libraries(bantam_yaml INTERFACE yaml-cpp::yaml-cpp)
else()
  target_link_libraries(bantam_yaml INTERFACE yaml-cpp)
endif()

if(BANTAM_MLX)
  if(BANTAM_CUDA)
    # Its CMake package asks for the whole CUDA toolkit, which only running
    # needs. What it leaves undefined comes with the driver and NVIDIA's wheels.
    add_library(mlx SHARED IMPORTED)
    set(MLX_INCLUDE_DIRS ${MLX_ROOT}/include)
    set_target_properties(
      mlx PROPERTIES IMPORTED_LOCATION ${MLX_ROOT}/lib/libmlx.so)
    target_link_options(
      mlx INTERFACE -Wl,--allow-shlib-undefined
                    -Wl,--unresolved-symbols=ignore-in-shared-libs)
  else()
    find_package(MLX CONFIG REQUIRED)
  endif()
  # The macOS wheel names frameworks by their place in the Xcode that built it.
  # libmlx loads them itself.
  set_target_properties(mlx PROPERTIES INTERFACE_LINK_LIBRARIES "")
  add_library(bantam_mlx INTERFACE)
  # System headers: MLX's warnings are not ours to mend.
  target_include_directories(bantam_mlx SYSTEM INTERFACE ${MLX_INCLUDE_DIRS})
  target_link_libraries(bantam_mlx INTERFACE mlx)

  # Which wheel this MLX was unpacked from (scripts/fetch.py has checked it) and
  # its library's checksum, so that the program can tell whether it still runs
  # on that one.
  set(BANTAM_MLX_WHEEL_SHA256 "")
  set(BANTAM_MLX_LIBRARY_SHA256 "")
  set(_stamp "${MLX_ROOT}/../.pinned-sha256")
  get_target_property(_library mlx IMPORTED_LOCATION_RELEASE)
  if(EXISTS "${_stamp}" AND EXISTS "${_library}")
    file(READ "${_stamp}" _wheel)
    file(STRINGS "${PROJECT_SOURCE_DIR}/pins.txt" _pinned REGEX "${_wheel}")
    if(_pinned)
      set(BANTAM_MLX_WHEEL_SHA256 "${_wheel}")
      file(SHA256 "${_library}" BANTAM_MLX_LIBRARY_SHA256)
    endif()
  endif()
endif()

if(BANTAM_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
