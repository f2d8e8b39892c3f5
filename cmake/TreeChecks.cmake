# Tests of the tree itself: its layers, and a short run of every fuzz target.

find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME tree.layers
         COMMAND ${Python3_EXECUTABLE}
                 ${PROJECT_SOURCE_DIR}/tools/check_layers.py)
add_test(NAME tree.tools
         COMMAND ${Python3_EXECUTABLE}
                 ${PROJECT_SOURCE_DIR}/tests/tree/tree_test.py)

# The fuzz targets need clang, so they live in a build folder of their own
# (preset fuzz); `make test` has built it when this test runs.
if(BANTAM_PROGRAM_DIR)
  add_test(NAME fuzz.short COMMAND ${PROJECT_SOURCE_DIR}/scripts/fuzz.sh run 10)
  set_tests_properties(fuzz.short PROPERTIES TIMEOUT 300 PROCESSORS 2
                                             SKIP_RETURN_CODE 77)
endif()
