# Toolchain of the master for aarch64: this machine's clang and lld, Debian's static libraries of that architecture.
# `./dev dist` prepares what it needs under KNIT_DIST_DIR: aarch64/root holds the packages (tools/dist/debs.py),
# libraries/headers Debian's header-only libraries, which are the same for each architecture.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)

set(CMAKE_C_COMPILER clang-16)
set(CMAKE_CXX_COMPILER clang++-16)
set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_AR llvm-ar-16 CACHE FILEPATH "")
set(CMAKE_RANLIB llvm-ranlib-16 CACHE FILEPATH "")
set(CMAKE_EXE_LINKER_FLAGS_INIT -fuse-ld=lld)

list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES KNIT_DIST_DIR)
set(CMAKE_SYSROOT ${KNIT_DIST_DIR}/aarch64/root)
set(CMAKE_FIND_ROOT_PATH ${KNIT_DIST_DIR}/libraries/headers)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)  # protoc and ccache are the machine's
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
include_directories(SYSTEM ${KNIT_DIST_DIR}/libraries/headers/include)
