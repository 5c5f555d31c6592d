# Turns tools/warp/uml.config and uml-SERIES.patch into a C++ file that defines
# ghostpeer::warp::recipes() and configuration(). Made at build time, again whenever one changes;
# this script runs itself for it: cmake -DRECIPES=folder -DOUTPUT=file.cpp -P embed_recipes.cmake

function(ghostpeer_raw_string path result)
    file(READ ${path} text)
    string(FIND "${text}" ")ghostpeer\"" collision)
    if(NOT collision EQUAL -1)
        message(FATAL_ERROR "${path} has the end mark of the raw string that it becomes")
    endif()
    set(${result} "R\"ghostpeer(${text})ghostpeer\"" PARENT_SCOPE)
endfunction()

function(ghostpeer_write_recipes folder output)
    file(GLOB paths ${folder}/uml-*.patch)
    list(SORT paths COMPARE NATURAL ORDER DESCENDING)
    list(LENGTH paths count)
    set(entries "")
    foreach(path IN LISTS paths)
        string(REGEX REPLACE "^.*/uml-(.*)[.]patch$" "\\1" series ${path})
        ghostpeer_raw_string(${path} text)
        string(APPEND entries "    {\"${series}\", ${text}},\n")
    endforeach()
    ghostpeer_raw_string(${folder}/uml.config configuration)
    file(WRITE ${output}
        "// Made from tools/warp by embed_recipes.cmake.\n"
        "#include \"warp/recipe.hpp\"\n\n"
        "#include <array>\n\n"
        "namespace ghostpeer::warp {\n\n"
        "namespace {\n\n"
        "constexpr std::array<Recipe, ${count}> entries{{\n${entries}}};\n\n"
        "}  // namespace\n\n"
        "std::span<const Recipe> recipes() noexcept { return entries; }\n\n"
        "std::string_view configuration() noexcept {\n    return ${configuration};\n}\n\n"
        "}  // namespace ghostpeer::warp\n")
endfunction()

set(GHOSTPEER_RECIPE_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(ghostpeer_embed_recipes target folder)
    file(GLOB parts CONFIGURE_DEPENDS ${folder}/uml*)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/warp_recipes.cpp)
    # The list of names is a dependency too: a patch that is removed has no other trace.
    file(GENERATE OUTPUT ${output}.list CONTENT "${parts}\n")
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DRECIPES=${folder} -DOUTPUT=${output} -P ${GHOSTPEER_RECIPE_SCRIPT}
        DEPENDS ${parts} ${output}.list ${GHOSTPEER_RECIPE_SCRIPT}
        COMMENT "Embedding the recipes of the kernels for --warp"
        VERBATIM)
    target_sources(${target} PRIVATE ${output})
endfunction()

if(CMAKE_SCRIPT_MODE_FILE AND DEFINED RECIPES)
    ghostpeer_write_recipes(${RECIPES} ${OUTPUT})
endif()
