# deb.cmake - what a Debian package needs beside what is installed: compressed changelogs and manual pages, a
# copyright file, and units that start the program from where the package has it. Run by CPack on the folder
# that it is about to pack.
set(root ${CPACK_TEMPORARY_DIRECTORY}/usr)
set(doc ${root}/share/doc/sluice)
set(deb ${CMAKE_CURRENT_LIST_DIR}/../dist/deb)

file(RENAME ${doc}/CHANGELOG.md ${doc}/changelog)
file(COPY ${CPACK_PACKAGE_DIRECTORY}/dist/changelog.Debian DESTINATION ${doc})
configure_file(${deb}/copyright ${doc}/copyright COPYONLY)
configure_file(${deb}/lintian-overrides ${root}/share/lintian/overrides/sluice COPYONLY)
file(GLOB plain ${doc}/changelog ${doc}/changelog.Debian ${root}/share/man/man*/*.[1-9])
execute_process(COMMAND gzip -9 -n ${plain} COMMAND_ERROR_IS_FATAL ANY)

file(GLOB units ${root}/lib/systemd/system/*.service)
foreach(unit ${units})
    file(READ ${unit} text)
    string(REGEX REPLACE "ExecStart=[^ ]*/sluice " "ExecStart=/usr/bin/sluice " text "${text}")
    file(WRITE ${unit} "${text}")
endforeach()
