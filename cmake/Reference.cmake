# Completions and manual pages, written by the program that was just built, and installed beside it.
set(AUTHCTL_DATE "$ENV{SOURCE_DATE_EPOCH}")
if(AUTHCTL_DATE STREQUAL "" AND AUTHCTL_GIT)
  execute_process(COMMAND ${AUTHCTL_GIT} -C ${CMAKE_SOURCE_DIR} log -1 --format=%ct
                  OUTPUT_VARIABLE AUTHCTL_DATE OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(reference ${CMAKE_BINARY_DIR}/reference)
add_custom_command(TARGET authctl POST_BUILD VERBATIM
                   COMMAND ${CMAKE_COMMAND} -E rm -rf ${reference}
                   COMMAND ${CMAKE_COMMAND} -E env SOURCE_DATE_EPOCH=${AUTHCTL_DATE} $<TARGET_FILE:authctl> __reference ${reference})

install(DIRECTORY ${reference}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}
        FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ
        DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
install(FILES ${reference}/completions/authctl.bash RENAME authctl
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${reference}/completions/authctl.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
set(AUTHCTL_ZSH_FOLDER ${CMAKE_INSTALL_DATADIR}/zsh/site-functions CACHE STRING "Where zsh looks for completions")
install(FILES ${reference}/completions/_authctl DESTINATION ${AUTHCTL_ZSH_FOLDER})
