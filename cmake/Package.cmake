# What a package has beside the program, its manual and its completions, and the Debian package itself. Used by
# scripts/package, which builds with AUTHCTL_SYSTEM_FILES and the prefix /usr.
option(AUTHCTL_SYSTEM_FILES "Install unit, account, settings and documents as a package does" OFF)
if(NOT AUTHCTL_SYSTEM_FILES)
  return()
endif()

set(packaging ${CMAKE_SOURCE_DIR}/packaging)
set(documents ${CMAKE_INSTALL_DATADIR}/doc/authctl)
set(readable PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
install(FILES ${packaging}/systemd/authctl.service ${packaging}/systemd/authctl.socket DESTINATION lib/systemd/system ${readable})
install(FILES ${packaging}/systemd/authctl-key-rotation.service ${packaging}/systemd/authctl-key-rotation.timer
        DESTINATION lib/systemd/system ${readable})
install(FILES ${packaging}/fail2ban/filter.d/authctl.conf DESTINATION ${documents}/examples/fail2ban/filter.d ${readable})
install(FILES ${packaging}/fail2ban/jail.d/authctl.conf DESTINATION ${documents}/examples/fail2ban/jail.d ${readable})
install(FILES ${packaging}/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME authctl ${readable})
install(FILES ${packaging}/sysusers.conf DESTINATION lib/sysusers.d RENAME authctl.conf ${readable})
install(FILES ${packaging}/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME authctl.conf ${readable})
install(FILES ${packaging}/default DESTINATION /etc/default RENAME authctl ${readable})
install(FILES ${packaging}/authctl.toml DESTINATION /etc/authctl ${readable})
install(FILES ${packaging}/protected-page.conf ${packaging}/tls.conf docs/examples/nginx.conf docs/examples/traefik.yml docs/examples/Caddyfile
        DESTINATION ${documents}/examples ${readable})
install(FILES ${packaging}/copyright README.md SECURITY.md DESTINATION ${documents} ${readable})
install(FILES ${CMAKE_BINARY_DIR}/authctl.spdx.json DESTINATION ${documents} ${readable})

# changelog.gz in Debian's form, dated by the sources; pages packed as Debian packs them.
string(TIMESTAMP AUTHCTL_CHANGELOG_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)
set(AUTHCTL_MAINTAINER "authctl maintainers <authctl@packages.debian.org>" CACHE STRING "Who answers for the package")
configure_file(${packaging}/changelog.in ${CMAKE_BINARY_DIR}/changelog @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/changelog DESTINATION ${documents} ${readable})
install(CODE "file(GLOB_RECURSE pages \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/man/*.[1-8]\")
execute_process(COMMAND gzip -9nf \${pages} \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${documents}/changelog\" COMMAND_ERROR_IS_FATAL ANY)")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME authctl)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "${AUTHCTL_MAINTAINER}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "users, roles, keys and tokens from one command line")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "One binary that manages access: users, roles, permissions, signing keys,
tokens and second factors, with an audit log that proves itself. It works on
a file (SQLite) or on PostgreSQL, and serves sign-in, forward authentication
for proxies and OAuth 2.0 to applications.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libzxcvbn0, init-system-helpers (>= 1.52)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libargon2-1, libqrencode4")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libpq5, libcairo2, fonts-dejavu-core, nginx")
file(WRITE ${CMAKE_BINARY_DIR}/control/conffiles "/etc/authctl/authctl.toml\n/etc/default/authctl\n")
file(COPY ${packaging}/postinst ${packaging}/prerm ${packaging}/postrm DESTINATION ${CMAKE_BINARY_DIR}/control
     FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(control ${CMAKE_BINARY_DIR}/control)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${control}/conffiles;${control}/postinst;${control}/prerm;${control}/postrm")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_PRE_BUILD_SCRIPTS ${packaging}/settle-times.cmake)
set(CPACK_SET_DESTDIR ON)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR})
include(CPack)
