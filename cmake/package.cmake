# What `cmake --install` puts where, and the Debian package that CPack makes of it (make package).
include(GNUInstallDirs)

install(TARGETS sluice RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(number 5 8)
    file(GLOB manual CONFIGURE_DEPENDS docs/man/*.${number})
    install(FILES ${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${number})
endforeach()
install(FILES conf/sluice.json conf/sluice.schema.json DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
file(GLOB pages CONFIGURE_DEPENDS docs/*.md)
install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
install(FILES dist/sluice.bash RENAME sluice DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES dist/sluice.zsh RENAME _sluice DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)

set(unit_folder lib/systemd/system)
foreach(unit sluice sluice-reconcile sluice-reconcile-since)
    configure_file(dist/${unit}@.service.in ${PROJECT_BINARY_DIR}/dist/${unit}@.service @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/dist/${unit}@.service DESTINATION ${unit_folder})
endforeach()
install(FILES dist/sluice-reconcile@.timer dist/sluice-reconcile-since@.timer DESTINATION ${unit_folder})
install(FILES dist/sysusers.conf RENAME sluice.conf DESTINATION lib/sysusers.d)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sluice)
set(CPACK_PACKAGE_VENDOR "the sluice maintainers")
set(CPACK_PACKAGE_CONTACT "sluice maintainers <maintainers@sluice.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "live copy of MySQL tables in Redis")
set(CPACK_PACKAGE_DESCRIPTION
"sluice reads the row-based binary log of MySQL or MariaDB as a replica and
keeps Redis an exact, live copy of chosen tables: rows and the position they
came from are written in one step, tables are loaded while rows change, and a
reconciliation job compares the two.")
string(TIMESTAMP PACKAGE_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(dist/deb/changelog.in ${PROJECT_BINARY_DIR}/dist/changelog.Debian @ONLY)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "systemd | systemd-standalone-sysusers")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${PROJECT_SOURCE_DIR}/dist/deb/postinst;${PROJECT_SOURCE_DIR}/dist/deb/prerm;${PROJECT_SOURCE_DIR}/dist/deb/postrm")
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/deb.cmake)
include(CPack)
