# Turns profiles/*.yaml into a C++ file that defines ghostpeer::profile::catalogue().
#
# From a CMakeLists.txt:
#     include(profile/embed_catalogue.cmake)
#     ghostpeer_embed_catalogue(ghostpeer_profile ${PROJECT_SOURCE_DIR}/profiles)
# The file is made at build time, again whenever a profile changes, comes or goes; this script runs
# itself for it: cmake -DPROFILES=folder -DOUTPUT=file.cpp -P embed_catalogue.cmake

function(ghostpeer_write_catalogue folder output)
    file(GLOB paths ${folder}/*.yaml)
    set(names)
    foreach(path IN LISTS paths)
        get_filename_component(name ${path} NAME_WLE)
        list(APPEND names ${name})
    endforeach()
    list(SORT names COMPARE STRING)  # find_in_catalogue searches by halves
    list(LENGTH names count)

    set(entries "")
    foreach(name IN LISTS names)
        file(READ ${folder}/${name}.yaml text)
        string(FIND "${text}" ")ghostpeer\"" collision)
        if(NOT collision EQUAL -1)
            message(FATAL_ERROR "${name}.yaml has the end mark of the raw string that it becomes")
        endif()
        string(APPEND entries "    {\"${name}\", R\"ghostpeer(${text})ghostpeer\"},\n")
    endforeach()
    file(WRITE ${output}
        "// Made from profiles/*.yaml by embed_catalogue.cmake.\n"
        "#include \"ghostpeer/profile/catalogue.hpp\"\n\n"
        "#include <array>\n\n"
        "namespace ghostpeer::profile {\n\n"
        "namespace {\n\n"
        "constexpr std::array<CatalogueEntry, ${count}> entries{{\n${entries}}};\n\n"
        "}  // namespace\n\n"
        "std::span<const CatalogueEntry> catalogue() noexcept { return entries; }\n\n"
        "}  // namespace ghostpeer::profile\n")
endfunction()

set(GHOSTPEER_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(ghostpeer_embed_catalogue target folder)
    file(GLOB profiles CONFIGURE_DEPENDS ${folder}/*.yaml)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/catalogue_entries.cpp)
    # The list of names is a dependency too: a profile that is removed has no other trace.
    file(GENERATE OUTPUT ${output}.list CONTENT "${profiles}\n")
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DPROFILES=${folder} -DOUTPUT=${output} -P ${GHOSTPEER_EMBED_SCRIPT}
        DEPENDS ${profiles} ${output}.list ${GHOSTPEER_EMBED_SCRIPT}
        COMMENT "Embedding the catalogue of profiles"
        VERBATIM)
    target_sources(${target} PRIVATE ${output})
endfunction()

if(CMAKE_SCRIPT_MODE_FILE AND DEFINED PROFILES)
    ghostpeer_write_catalogue(${PROFILES} ${OUTPUT})
endif()
