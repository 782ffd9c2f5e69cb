# What we stand on, linked statically on a dynamic glibc where the system has the archive.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

function(authctl_archive target name)
  find_library(AUTHCTL_LIB_${name} NAMES lib${name}.a ${name} REQUIRED)
  add_library(${target} INTERFACE)
  target_link_libraries(${target} INTERFACE ${AUTHCTL_LIB_${name}} ${ARGN})
endfunction()

authctl_archive(dep_crypto crypto Threads::Threads ${CMAKE_DL_LIBS})
authctl_archive(dep_ssl ssl dep_crypto)
authctl_archive(dep_sodium sodium)
authctl_archive(dep_sqlite sqlite3 Threads::Threads ${CMAKE_DL_LIBS} m)
# bcrypt and crypt(3) hashes.
authctl_archive(dep_crypt crypt)
# The manifest.
authctl_archive(dep_yaml yaml)
authctl_archive(dep_boost_json boost_json)
authctl_archive(dep_boost_container boost_container)

find_path(AUTHCTL_CLI11_INCLUDE CLI/CLI.hpp REQUIRED)
find_path(AUTHCTL_LIBPQ_INCLUDE libpq-fe.h PATH_SUFFIXES postgresql REQUIRED)
# Only its headers: the library itself is opened by dlopen, and only when a postgresql:// store is asked for.
add_library(dep_libpq_headers INTERFACE)
target_include_directories(dep_libpq_headers SYSTEM INTERFACE ${AUTHCTL_LIBPQ_INCLUDE})

# Opened by dlopen when asked for: libargon2 has the names of libsodium's inside, libzxcvbn has no archive for PIE.
find_path(AUTHCTL_ARGON2_INCLUDE argon2.h REQUIRED)
# The same, by the commands that draw an enrolment.
find_path(AUTHCTL_QRENCODE_INCLUDE qrencode.h REQUIRED)
find_path(AUTHCTL_PNG_INCLUDE png.h REQUIRED)
