# cmake asks the Mac it believes to run on for its version, hears nothing, and
# takes it for one from before rpath.
set(CMAKE_SHARED_LIBRARY_RUNTIME_C_FLAG "-Wl,-rpath,")
set(CMAKE_SHARED_LIBRARY_RUNTIME_CXX_FLAG "-Wl,-rpath,")
# zig makes precompiled headers as clang's driver does, not as cmake asks clang.
# The source is empty: the header comes before it.
set(CMAKE_CXX_COMPILE_OPTIONS_CREATE_PCH
    -x c++-header -Xclang -include -Xclang <PCH_HEADER>)
set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH
    -Xclang -include-pch -Xclang <PCH_FILE>)
