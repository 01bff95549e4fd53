# knit_proto_library(NAME [DEPENDS lib...]): one static library knit_NAME_proto from the *.proto files of the current
# folder (src/NAME/proto), for the lite runtime. A header is included by the path of its .proto file: "NAME/proto/x.pb.h".
# Generated code is position independent (it goes into libknit.so too) and exempt from warnings.
#
# Also records each library's .proto files in the global property KNIT_PROTO_FILES, for the schema check in tests/schema.
find_program(KNIT_PROTOC protoc REQUIRED)
find_path(KNIT_PROTOBUF_INCLUDE_DIR google/protobuf/message_lite.h REQUIRED)

# The runtime is named, not given by path: the linker takes the shared object for a shared program and the archive for
# the static master, within one configuration. (FindProtobuf decides on one of them for all.)
add_library(knit_protobuf_lite INTERFACE)
target_include_directories(knit_protobuf_lite SYSTEM INTERFACE ${KNIT_PROTOBUF_INCLUDE_DIR})
target_link_libraries(knit_protobuf_lite INTERFACE protobuf-lite Threads::Threads)

function(knit_proto_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  file(GLOB protos CONFIGURE_DEPENDS *.proto)
  set(generated "")
  foreach(proto IN LISTS protos)
    file(RELATIVE_PATH relative ${CMAKE_SOURCE_DIR}/src ${proto})
    string(REGEX REPLACE "\\.proto$" "" stem ${relative})
    set(out ${CMAKE_BINARY_DIR}/src/${stem}.pb)
    add_custom_command(
      OUTPUT ${out}.cc ${out}.h
      COMMAND ${KNIT_PROTOC} --proto_path=${CMAKE_SOURCE_DIR}/src --cpp_out=${CMAKE_BINARY_DIR}/src
              --dependency_out=${out}.d ${proto}
      DEPENDS ${proto}
      DEPFILE ${out}.d
      COMMENT "protoc ${relative}"
      VERBATIM)
    list(APPEND generated ${out}.cc ${out}.h)
  endforeach()

  add_library(knit_${name}_proto STATIC ${generated})
  target_include_directories(knit_${name}_proto SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/src)
  target_link_libraries(knit_${name}_proto PUBLIC knit_options knit_protobuf_lite ${ARG_DEPENDS})
  target_compile_options(knit_${name}_proto PRIVATE -w)
  set_target_properties(knit_${name}_proto PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_CLANG_TIDY "")
  set_property(GLOBAL APPEND PROPERTY KNIT_PROTO_FILES ${protos})
endfunction()

# knit_descriptor_set(FILE): the target knit_descriptor_set writes all .proto files of the libraries above into FILE, as
# one FileDescriptorSet. For tests on the full runtime.
function(knit_descriptor_set file)
  get_property(protos GLOBAL PROPERTY KNIT_PROTO_FILES)
  add_custom_command(
    OUTPUT ${file}
    COMMAND ${KNIT_PROTOC} --proto_path=${CMAKE_SOURCE_DIR}/src --include_imports --descriptor_set_out=${file} ${protos}
    DEPENDS ${protos}
    COMMENT "protoc: all descriptors"
    VERBATIM)
  add_custom_target(knit_descriptor_set DEPENDS ${file})
endfunction()
