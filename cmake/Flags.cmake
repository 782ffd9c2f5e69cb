# How every file is compiled and linked: warnings, hardening, sanitizers.
add_library(authctl_flags INTERFACE)
target_include_directories(authctl_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(authctl_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess> -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
# g++ 12 sees joined std::strings out of their bounds where they are not (GCC bug 105329, 105651), at -O2 only.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(authctl_flags INTERFACE $<$<CONFIG:Release>:-Wno-array-bounds$<SEMICOLON>-Wno-restrict>)
endif()
if(AUTHCTL_WERROR)
  target_compile_options(authctl_flags INTERFACE -Werror)
endif()

# One code model for libraries and programs, so that they share their precompiled headers.
target_compile_options(authctl_flags INTERFACE -fPIE)
target_link_options(authctl_flags INTERFACE -pie)

if(AUTHCTL_SANITIZE)
  target_compile_options(authctl_flags INTERFACE -fsanitize=${AUTHCTL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(authctl_flags INTERFACE -fsanitize=${AUTHCTL_SANITIZE})
  if(AUTHCTL_FUZZ)
    target_compile_options(authctl_flags INTERFACE -fsanitize=fuzzer-no-link)
  endif()
else()
  target_compile_options(authctl_flags INTERFACE -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(authctl_flags INTERFACE -fcf-protection=full)
  endif()
  target_compile_options(authctl_flags INTERFACE $<$<CONFIG:Release>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>)
  target_link_options(authctl_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed)
  # libstdc++ inside the binary: a dynamic one costs more at each start than most commands' work.
  target_link_options(authctl_flags INTERFACE -static-libstdc++ -static-libgcc)
endif()
# The folder it was built in is in no byte of the program.
target_compile_options(authctl_flags INTERFACE $<$<CONFIG:Release>:-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.>)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
target_compile_options(authctl_flags INTERFACE -ffunction-sections -fdata-sections)
target_link_options(authctl_flags INTERFACE -Wl,--gc-sections)

# Debug builds link many test programs: lld, where it is there, does it in a fraction of the time.
find_program(AUTHCTL_LLD ld.lld)
if(AUTHCTL_LLD AND CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_link_options(authctl_flags INTERFACE -fuse-ld=lld)
endif()
