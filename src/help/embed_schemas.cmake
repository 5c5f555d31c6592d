# Turns the two JSON Schemas into a C++ file that defines ghostpeer::help::profile_schema() and
# event_schema(). Made at build time, again whenever one changes; this script runs itself for it:
# cmake -DPROFILE=file -DEVENTS=file -DOUTPUT=file.cpp -P embed_schemas.cmake

function(ghostpeer_write_schemas profile events output)
    set(definitions "")
    set(texts "")
    foreach(name profile event)
        set(path ${profile})
        if(name STREQUAL event)
            set(path ${events})
        endif()
        file(READ ${path} text)
        string(FIND "${text}" ")ghostpeer\"" collision)
        if(NOT collision EQUAL -1)
            message(FATAL_ERROR "${path} has the end mark of the raw string that it becomes")
        endif()
        string(APPEND texts "constexpr std::string_view ${name}_text = "
                            "R\"ghostpeer(${text})ghostpeer\";\n\n")
        string(APPEND definitions "std::string_view ${name}_schema() noexcept {\n"
                                  "    return ${name}_text;\n}\n\n")
    endforeach()
    file(WRITE ${output}
         "// Made from the JSON Schemas by embed_schemas.cmake.\n"
         "#include \"help/schemas.hpp\"\n\n"
         "namespace ghostpeer::help {\nnamespace {\n\n${texts}}  // namespace\n\n"
         "${definitions}}  // namespace ghostpeer::help\n")
endfunction()

set(GHOSTPEER_SCHEMA_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(ghostpeer_embed_schemas target profile events)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/schemas.cpp)
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DPROFILE=${profile} -DEVENTS=${events} -DOUTPUT=${output}
                -P ${GHOSTPEER_SCHEMA_SCRIPT}
        DEPENDS ${profile} ${events} ${GHOSTPEER_SCHEMA_SCRIPT}
        COMMENT "Embedding the schemas"
        VERBATIM)
    target_sources(${target} PRIVATE ${output})
endfunction()

if(CMAKE_SCRIPT_MODE_FILE AND DEFINED PROFILE)
    ghostpeer_write_schemas(${PROFILE} ${EVENTS} ${OUTPUT})
endif()
