# knit_embed_masters(TARGET): TARGET gets built_masters() (api/masters.h), the SHA-256 of each master it belongs with:
# those in KNIT_MASTER_PROGRAMS, which were built before (for a client that is built otherwise than its master), else
# this build's own.
set(KNIT_MASTER_PROGRAMS "" CACHE STRING "Master programs that the client belongs with (default: this build's)")
set(KNIT_MASTERS_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(knit_embed_masters target)
  set(programs ${KNIT_MASTER_PROGRAMS})
  set(depends ${KNIT_MASTER_PROGRAMS})
  if(NOT programs AND TARGET knit-master)
    set(programs $<TARGET_FILE:knit-master>)
    set(depends knit-master)
  endif()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/masters.cc)
  add_custom_command(
    OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} "-DPROGRAMS=${programs}" -DOUT=${source} -P ${KNIT_MASTERS_SCRIPT}
    DEPENDS ${depends} ${KNIT_MASTERS_SCRIPT}
    COMMENT "SHA-256 of the masters"
    VERBATIM)
  target_sources(${target} PRIVATE ${source})
endfunction()

if(CMAKE_SCRIPT_MODE_FILE)
  set(entries "")
  foreach(program IN LISTS PROGRAMS)
    get_filename_component(name ${program} NAME)
    if(NOT name MATCHES "^knit-master-(.+)$")
      message(FATAL_ERROR "${program}: a master is called knit-master-ARCHITECTURE")
    endif()
    set(architecture ${CMAKE_MATCH_1})
    file(SHA256 ${program} digest)
    string(APPEND entries "\n      {\"${architecture}\", \"${digest}\"},")
  endforeach()
  file(WRITE ${OUT} "#include \"api/masters.h\"\n\nnamespace knit {\n\n"
                    "std::vector<client::MasterProgram> built_masters() {\n  return {${entries}};\n}\n\n}  // namespace knit\n")
endif()
