# Toolchain of the portable archive: zig's clang and libc++, glibc 2.17 or later at run time. `./dev dist` prepares what
# it needs under KNIT_DIST_DIR: prefix/ holds the libraries (tools/dist/libraries.sh), headers/ those of Debian's
# header-only ones. Nothing is looked for in the system's folders, whose headers belong to another C library.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR x86_64)

get_filename_component(KNIT_DIST_TOOLS ${CMAKE_CURRENT_LIST_DIR}/../tools/dist ABSOLUTE)
set(CMAKE_C_COMPILER ${KNIT_DIST_TOOLS}/zig-clang)
set(CMAKE_CXX_COMPILER ${KNIT_DIST_TOOLS}/zig-clang++)
set(CMAKE_AR ${KNIT_DIST_TOOLS}/zig-ar CACHE FILEPATH "")
set(CMAKE_RANLIB ${KNIT_DIST_TOOLS}/zig-ranlib CACHE FILEPATH "")

list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES KNIT_DIST_DIR)
set(CMAKE_FIND_ROOT_PATH ${KNIT_DIST_DIR}/prefix ${KNIT_DIST_DIR}/headers)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)  # protoc and ccache are the machine's
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# Several libraries are linked by plain name, and header-only ones are included without being looked for.
include_directories(SYSTEM ${KNIT_DIST_DIR}/prefix/include ${KNIT_DIST_DIR}/headers/include)
link_directories(${KNIT_DIST_DIR}/prefix/lib)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-pie -Wl,-z,relro -Wl,-z,now")  # not zig's default for this target
