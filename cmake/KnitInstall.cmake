# libknit.so.0 and what `cmake --install` lays down: bin/knit, libexec/knit, lib, include/knit and the CMake package that
# `find_package(knit)` finds.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Its own objects, so that all of the public functions are in it, whoever calls them; other modules as they are needed.
add_library(libknit SHARED $<TARGET_OBJECTS:knit_api> $<TARGET_OBJECTS:knit_base>)
target_link_libraries(libknit PRIVATE knit_api knit_base)
target_include_directories(libknit INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(libknit INTERFACE cxx_std_20)
set_target_properties(libknit PROPERTIES
  OUTPUT_NAME knit EXPORT_NAME knit VERSION ${PROJECT_VERSION} SOVERSION 0 LINKER_LANGUAGE CXX
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib LINK_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/libknit.map)
# Headers of other libraries mark some of their own as visible: the map leaves only ours.
target_link_options(libknit PRIVATE -Wl,--version-script=${CMAKE_CURRENT_LIST_DIR}/libknit.map -Wl,--no-undefined)

install(TARGETS libknit EXPORT knit LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/knit ${CMAKE_BINARY_DIR}/include/knit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/knit)
install(EXPORT knit NAMESPACE knit:: FILE knitTargets.cmake DESTINATION ${package})
configure_package_config_file(cmake/knitConfig.cmake.in ${CMAKE_BINARY_DIR}/knitConfig.cmake INSTALL_DESTINATION ${package})
# The C++ ABI holds within a minor version.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/knitConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/knitConfig.cmake ${CMAKE_BINARY_DIR}/knitConfigVersion.cmake DESTINATION ${package})

# For builds without CMake; found beside the library, wherever that is moved.
file(RELATIVE_PATH KNIT_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/knit.pc.in ${CMAKE_BINARY_DIR}/knit.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/knit.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
