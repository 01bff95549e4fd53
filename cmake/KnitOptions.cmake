# Compiler and linker settings every target shares.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

find_program(KNIT_CCACHE ccache)
if(KNIT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${KNIT_CCACHE})
  if(KNIT_PYTHON)  # pip does not set what ./dev sets, so that what build/release has compiled is a hit
    list(PREPEND CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1)
  endif()
endif()

add_library(knit_options INTERFACE)
target_compile_options(knit_options INTERFACE -Wall -Wextra -Wno-missing-field-initializers
                                              -fvisibility=hidden -fvisibility-inlines-hidden)
target_link_options(knit_options INTERFACE -fuse-ld=lld)
target_include_directories(knit_options INTERFACE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src
                                                  ${CMAKE_BINARY_DIR}/include ${CMAKE_BINARY_DIR}/src)
# Asio's own resolver and fallback threads are never used; exceptions stay on for library code.
target_compile_definitions(knit_options INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_REGEX
                                                  FMT_HEADER_ONLY SPDLOG_FMT_EXTERNAL)
target_link_libraries(knit_options INTERFACE Threads::Threads)
if(KNIT_SANITIZE)
  target_compile_options(knit_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
                                                -fno-omit-frame-pointer)
  target_link_options(knit_options INTERFACE -fsanitize=address,undefined)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(knit_options INTERFACE -ffunction-sections -fdata-sections)
  target_link_options(knit_options INTERFACE -Wl,--gc-sections)
endif()
