# One static library per folder of src/, one test program per folder of tests/.

add_library(bantam_options INTERFACE)
target_include_directories(
  bantam_options INTERFACE ${PROJECT_SOURCE_DIR}/src
                           ${PROJECT_SOURCE_DIR}/include)
# GCC 12 sees overlaps and bounds in std::string that are not there (its bugs
# 105651 and 105329).
target_compile_options(
  bantam_options INTERFACE -Wall -Wextra -Wshadow -Werror
                           -Wno-missing-field-initializers
                           $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-array-bounds;-Wno-stringop-overflow>)
# Fused multiply-adds only where a source writes one, so that every machine
# gives the same bits; x86-64 without further flags has none.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  target_compile_options(bantam_options INTERFACE -ffp-contract=off)
endif()
if(BANTAM_SANITIZE)
  string(REPLACE ";" "," _sanitizers "${BANTAM_SANITIZE}")
  target_compile_options(
    bantam_options INTERFACE -fsanitize=${_sanitizers} -fno-sanitize-recover=all
                             -fno-omit-frame-pointer)
  target_link_options(bantam_options INTERFACE -fsanitize=${_sanitizers})
endif()

# Reading headers is more than half of what compiling costs here, so the dear
# ones are precompiled: once for the libraries, once for their tests, and again
# for both with MLX. They save time only: each file includes what it uses, which
# the presets tsan and no-mlx check by doing without.
set(BANTAM_DEAR_HEADERS
    <algorithm>
    <array>
    <chrono>
    <cstdint>
    <filesystem>
    <functional>
    <map>
    <memory>
    <optional>
    <span>
    <string>
    <string_view>
    <utility>
    <vector>
    <fmt/format.h>
    <nlohmann/json.hpp>)

# The first target of a group compiles the headers, the others take its result.
function(bantam_precompile target group)
  get_property(_owner GLOBAL PROPERTY BANTAM_PRECOMPILED_${group})
  if(_owner)
    target_precompile_headers(${target} REUSE_FROM ${_owner})
  else()
    target_precompile_headers(${target} PRIVATE ${BANTAM_DEAR_HEADERS} ${ARGN})
    set_property(GLOBAL PROPERTY BANTAM_PRECOMPILED_${group} ${target})
  endif()
endfunction()

# Less of optimising, where it takes longer than it saves. GCC alone lets such a
# target share precompiled headers with others.
set(BANTAM_LIGHTLY_OPTIMISED
    $<$<AND:$<CONFIG:Release>,$<CXX_COMPILER_ID:GNU>>:-O1>)

# Small files are compiled several at a time: with headers precompiled, loading
# those is a third of what the rest costs. A name in an unnamed namespace is then
# shared with the neighbours; the presets dev, tsan and no-mlx keep files apart,
# as do the files named after SEPARATE.
function(bantam_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${BANTAM_UNITY}
                                             UNITY_BUILD_BATCH_SIZE 8)
  if(ARGN)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()

# bantam_library(<folder> SOURCES a.cpp ... LINKS bantam_base ...
#                [MLX] [PLAIN] [COLD] [SEPARATE a.cpp ...])
# defines bantam_<folder>. Links are public: they are the arrows of src/LAYERS.
# PLAIN: compiled with options that precompiled headers do not go with.
# COLD: no loop of it is worth minutes of optimising.
function(bantam_library folder)
  cmake_parse_arguments(ARG "MLX;PLAIN;COLD" "" "SOURCES;LINKS;SEPARATE" ${ARGN})
  add_library(bantam_${folder} STATIC ${ARG_SOURCES})
  target_link_libraries(bantam_${folder} PUBLIC bantam_options ${ARG_LINKS})
  if(ARG_MLX)
    target_link_libraries(bantam_${folder} PUBLIC bantam_mlx)
    bantam_precompile(bantam_${folder} mlx_library <mlx/mlx.h>)
  elseif(NOT ARG_PLAIN)
    bantam_precompile(bantam_${folder} library)
  endif()
  if(NOT ARG_PLAIN)
    bantam_unity(bantam_${folder} ${ARG_SEPARATE})
  endif()
  if(ARG_COLD)
    target_compile_options(bantam_${folder} PRIVATE ${BANTAM_LIGHTLY_OPTIMISED})
  endif()
endfunction()

# bantam_test(<folder> SOURCES a_test.cpp ... LINKS bantam_text ...
#             [MLX] [PLAIN] [SEPARATE a_test.cpp ...])
# defines <folder>_tests and registers each of its test cases with ctest. The
# built-in model lies where the Makefile fetches it, whatever the preset.
set(BANTAM_TEST_ENVIRONMENT
    BANTAM_SMOLLM2=${PROJECT_SOURCE_DIR}/build/models/smollm2.gguf)
function(bantam_test folder)
  cmake_parse_arguments(ARG "MLX;PLAIN" "" "SOURCES;LINKS;SEPARATE" ${ARGN})
  add_executable(${folder}_tests ${ARG_SOURCES})
  target_link_libraries(${folder}_tests PRIVATE ${ARG_LINKS} GTest::gtest_main)
  target_compile_definitions(
    ${folder}_tests
    PRIVATE BANTAM_TEST_DIR="${PROJECT_SOURCE_DIR}/tests"
            BANTAM_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
            BANTAM_BUILD_DIR="${PROJECT_BINARY_DIR}")
  # A test's own code runs once; compiling it harder takes longer than it saves.
  target_compile_options(${folder}_tests PRIVATE ${BANTAM_LIGHTLY_OPTIMISED})
  if(ARG_MLX)
    bantam_precompile(${folder}_tests mlx_test <gtest/gtest.h> <mlx/mlx.h>)
  elseif(NOT ARG_PLAIN)
    bantam_precompile(${folder}_tests test <gtest/gtest.h>)
  endif()
  # With MLX they are few and long, and set up models by the same names.
  if(NOT ARG_PLAIN AND NOT ARG_MLX)
    bantam_unity(${folder}_tests ${ARG_SEPARATE})
  endif()
  gtest_discover_tests(
    ${folder}_tests
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 300 ENVIRONMENT ${BANTAM_TEST_ENVIRONMENT})
endfunction()
