# `pip install .` compiles Knit on machines that nobody has prepared: this says in words what they lack, before a compiler
# or a header is looked for. Where there is no dpkg, CMake's own messages have to do.
option(KNIT_CHECK_PACKAGES "Refuse to build where Debian packages of scripts/deps.sh are missing" ON)
find_program(KNIT_DPKG_QUERY dpkg-query)
if(KNIT_CHECK_PACKAGES AND KNIT_DPKG_QUERY)
  execute_process(
    # pip brings what it builds with: CMake and ninja of its own where the machine has none
    COMMAND bash -c ". scripts/deps.sh; missing_packages \"\${BUILD_PACKAGES[@]}\" | grep -vxE 'cmake|ninja-build|ccache'"
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE missing OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(PYTHON_INCLUDE_DIR AND NOT EXISTS ${PYTHON_INCLUDE_DIR}/Python.h)
    string(APPEND missing "\npython3-dev")
  endif()
  string(STRIP "${missing}" missing)
  if(missing)
    string(REPLACE "\n" " " missing "${missing}")
    message(FATAL_ERROR "Knit is compiled here, and these Debian packages are missing: ${missing}\n"
                        "Install them (./dev deps, or apt-get install ${missing}) and call pip again. If the like of "
                        "them comes from elsewhere: pip install . -C cmake.define.KNIT_CHECK_PACKAGES=OFF")
  endif()
endif()
