# commands/build.h in the build folder: the versions that `authctl version` prints. Read from the headers, so that no
# library is started to be asked for its name.
function(authctl_read_version variable header pattern)
  find_file(AUTHCTL_HEADER_${variable} ${header})
  set(found "unknown")
  if(AUTHCTL_HEADER_${variable})
    file(STRINGS ${AUTHCTL_HEADER_${variable}} line REGEX "${pattern}" LIMIT_COUNT 1)
    string(REGEX REPLACE ".*\"([0-9][^\" ]*)\".*" "\\1" found "${line}")
  endif()
  set(${variable} "${found}" PARENT_SCOPE)
endfunction()

authctl_read_version(AUTHCTL_OPENSSL_VERSION openssl/opensslv.h "define OPENSSL_VERSION_STR |OPENSSL_FULL_VERSION_STR \"")
authctl_read_version(AUTHCTL_SODIUM_VERSION sodium/version.h "define SODIUM_VERSION_STRING")
authctl_read_version(AUTHCTL_SQLITE_VERSION sqlite3.h "define SQLITE_VERSION +\"")

set(AUTHCTL_COMMIT "$ENV{AUTHCTL_COMMIT}")
find_program(AUTHCTL_GIT git)
if(AUTHCTL_GIT AND AUTHCTL_COMMIT STREQUAL "")
  execute_process(COMMAND ${AUTHCTL_GIT} -C ${CMAKE_SOURCE_DIR} rev-parse --short=12 HEAD
                  OUTPUT_VARIABLE AUTHCTL_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
configure_file(${CMAKE_SOURCE_DIR}/cmake/build.h.in ${CMAKE_BINARY_DIR}/generated/commands/build.h @ONLY)
target_include_directories(authctl_commands PRIVATE ${CMAKE_BINARY_DIR}/generated)
