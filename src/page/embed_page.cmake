# Makes one HTML file of web/page.html, its style sheet, its scripts and d3, and of that a C++ file
# that defines ghostpeer::page::before_NAME() and after_NAME(). Made at build time, again
# whenever one of them changes; this script runs itself for it:
#     cmake -DWEB=folder -DNAME=record -DD3=d3.min.js -DOUTPUT=file.cpp -P embed_page.cmake
#
# The page allows no script but these: their hash stands in its content security policy. So whatever
# a record contains, it runs nothing.

# base64 of a SHA-256, which CMake writes in hexadecimal: three bytes are four characters.
function(ghostpeer_base64_hash text result)
    string(SHA256 hex "${text}")
    set(letters "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    string(APPEND hex "00")  # 32 bytes are 33, less one
    set(base64 "")
    foreach(at RANGE 0 60 6)
        string(SUBSTRING ${hex} ${at} 6 three)
        foreach(shift 18 12 6 0)
            math(EXPR index "(0x${three} >> ${shift}) & 63")
            string(SUBSTRING ${letters} ${index} 1 letter)
            string(APPEND base64 ${letter})
        endforeach()
    endforeach()
    string(SUBSTRING ${base64} 0 43 base64)
    set(${result} "sha256-${base64}=" PARENT_SCOPE)
endfunction()

function(ghostpeer_write_page folder name d3 output)
    file(READ ${folder}/page.html page)
    file(READ ${folder}/page.css style)
    file(READ ${d3} library)
    set(scripts "")
    file(STRINGS ${folder}/scripts.txt names)
    foreach(file IN LISTS names)
        file(READ ${folder}/${file} text)
        string(APPEND scripts "${text}")
    endforeach()
    set(script "${library}\n(() => {\n\"use strict\";\n${scripts}\nmain();\n})();\n")
    string(TOLOWER "${script}" lower)
    string(FIND "${lower}" "</script" early)
    if(NOT early EQUAL -1)
        message(FATAL_ERROR "a script of the page has the end mark of its element")
    endif()
    ghostpeer_base64_hash("${script}" script_hash)
    ghostpeer_base64_hash("${style}" style_hash)
    foreach(part script_hash style_hash style script)
        string(REPLACE "@${part}@" "${${part}}" page "${page}")
    endforeach()
    string(FIND "${page}" "@record@" at)
    string(FIND "${page}" ")ghostpeer\"" collision)
    if(at EQUAL -1 OR NOT collision EQUAL -1)
        message(FATAL_ERROR "the page has no place for its record, or the end mark of a raw string")
    endif()
    string(SUBSTRING "${page}" 0 ${at} before)
    math(EXPR at "${at} + 8")
    string(SUBSTRING "${page}" ${at} -1 after)
    file(WRITE ${output}
        "// Made from src/page and d3 by embed_page.cmake.\n"
        "#include \"page/parts.hpp\"\n\n"
        "namespace ghostpeer::page {\n\n"
        "std::string_view before_${name}() noexcept {\n    return R\"ghostpeer(${before})ghostpeer\";\n}\n\n"
        "std::string_view after_${name}() noexcept {\n    return R\"ghostpeer(${after})ghostpeer\";\n}\n\n"
        "}  // namespace ghostpeer::page\n")
endfunction()

set(GHOSTPEER_PAGE_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(ghostpeer_embed_page target folder name)
    find_file(GHOSTPEER_D3 d3.min.js PATHS /usr/share/nodejs/d3/dist /usr/share/javascript/d3
              /usr/lib/node_modules/d3/dist NO_DEFAULT_PATH)
    if(NOT GHOSTPEER_D3)
        message(FATAL_ERROR "d3, which draws the page of `ghostpeer report`, is not there. Install "
                "Debian's package node-d3, or name its d3.min.js (version 5 or newer): "
                "cmake -DGHOSTPEER_D3=FILE")
    endif()
    file(GLOB parts CONFIGURE_DEPENDS ${folder}/*)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/page_${name}.cpp)
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DWEB=${folder} -DNAME=${name} -DD3=${GHOSTPEER_D3} -DOUTPUT=${output}
                -P ${GHOSTPEER_PAGE_SCRIPT}
        DEPENDS ${parts} ${GHOSTPEER_D3} ${GHOSTPEER_PAGE_SCRIPT}
        COMMENT "Embedding the page"
        VERBATIM)
    target_sources(${target} PRIVATE ${output})
    set_source_files_properties(${output} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE AND DEFINED WEB)
    ghostpeer_write_page(${WEB} ${NAME} ${D3} ${OUTPUT})
endif()
