# GoogleTest from the sources that Debian's package ships, for cross builds.

set(_gtest /usr/src/googletest/googletest)
if(NOT TARGET GTest::gtest_main)
  add_library(bantam_gtest STATIC ${_gtest}/src/gtest-all.cc
                                  ${_gtest}/src/gtest_main.cc)
  target_include_directories(bantam_gtest SYSTEM PUBLIC ${_gtest}/include)
  target_include_directories(bantam_gtest PRIVATE ${_gtest})
  target_link_libraries(bantam_gtest PUBLIC Threads::Threads)
  add_library(GTest::gtest ALIAS bantam_gtest)
  add_library(GTest::gtest_main ALIAS bantam_gtest)
endif()
