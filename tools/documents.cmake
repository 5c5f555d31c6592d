# Man pages and completion scripts, which the executable itself writes. Left out where it cannot run
# (another machine's, a sanitized one) or where help2man and lowdown are not there.
find_program(GHOSTPEER_HELP2MAN help2man)
find_program(GHOSTPEER_LOWDOWN lowdown)
if(CMAKE_CROSSCOMPILING OR GHOSTPEER_SANITIZE)
    return()
endif()

set(documents ${PROJECT_BINARY_DIR}/documents)
set(pages profiles/README.md include/ghostpeer/event-stream.md include/ghostpeer/control.md)
list(TRANSFORM pages PREPEND ${PROJECT_SOURCE_DIR}/)
if(GHOSTPEER_HELP2MAN AND GHOSTPEER_LOWDOWN)
    add_custom_command(
        OUTPUT ${documents}/man.made
        COMMAND ${PROJECT_SOURCE_DIR}/tools/man $<TARGET_FILE:ghostpeer> ${documents}/man
        COMMAND ${CMAKE_COMMAND} -E touch ${documents}/man.made
        DEPENDS ghostpeer ${PROJECT_SOURCE_DIR}/tools/man ${pages}
        COMMENT "Making the man pages"
        VERBATIM)
    add_custom_target(man ALL DEPENDS ${documents}/man.made)
    install(DIRECTORY ${documents}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR})
else()
    message(STATUS "Without help2man and lowdown there are no man pages.")
endif()

# SHELL FILE FOLDER
function(ghostpeer_completion shell file folder)
    set(output ${documents}/completion/${file})
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -E make_directory ${documents}/completion
        COMMAND $<TARGET_FILE:ghostpeer> completion ${shell} > ${output}
        DEPENDS ghostpeer
        COMMENT "Writing the completion script for ${shell}")
    add_custom_target(completion-${shell} ALL DEPENDS ${output})
    install(FILES ${output} DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder})
endfunction()
ghostpeer_completion(bash ghostpeer bash-completion/completions)
ghostpeer_completion(zsh _ghostpeer zsh/site-functions)
ghostpeer_completion(fish ghostpeer.fish fish/vendor_completions.d)
