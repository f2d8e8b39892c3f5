# Compiles through ccache where it is installed, so that a second build folder
# or a second clone costs little.

find_program(BANTAM_CCACHE ccache)
if(BANTAM_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what ccache asks for to cache users of precompiled
  # headers; without it each of their compilations is a miss.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
      ${BANTAM_CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endif()
