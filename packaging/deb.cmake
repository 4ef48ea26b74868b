# Debian packages: "./dev package", which adds the commit to the version.
set(DEB_VERSION ${PROJECT_VERSION} CACHE STRING "The version of the Debian packages")
set(CPACK_GENERATOR DEB)
set(CPACK_DEBIAN_PACKAGE_VERSION ${DEB_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT
  "The mshare authors <mshare@lists.example.org>")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
  WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL mshare libmshare0 libmshare-dev)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)

set(CPACK_DEBIAN_MSHARE_PACKAGE_NAME mshare)
set(CPACK_DEBIAN_MSHARE_PACKAGE_SECTION admin)
set(deb ${CMAKE_CURRENT_LIST_DIR}/debian)
set(CPACK_DEBIAN_MSHARE_PACKAGE_CONTROL_EXTRA
  ${deb}/postinst ${deb}/prerm ${deb}/postrm)
set(CPACK_DEBIAN_MSHARE_DESCRIPTION "share memory together with its page tables
Processes that map much memory each have page tables for it. Those that map
a region of msharefs use one set of them. msharectl creates regions, fills
them, shows them, and attaches programs to them. It needs a Linux kernel with
msharefs.")

set(CPACK_DEBIAN_LIBMSHARE0_PACKAGE_NAME libmshare0)
set(CPACK_DEBIAN_LIBMSHARE0_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBMSHARE0_PACKAGE_CONTROL_EXTRA
  ${deb}/triggers ${PROJECT_BINARY_DIR}/packaging/symbols)
set(CPACK_DEBIAN_LIBMSHARE0_DESCRIPTION "regions of msharefs for programs in C
Opens, fills, changes and attaches regions of memory that processes share
together with page tables. It needs a Linux kernel with msharefs.")

set(CPACK_DEBIAN_LIBMSHARE-DEV_PACKAGE_NAME libmshare-dev)
set(CPACK_DEBIAN_LIBMSHARE-DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBMSHARE-DEV_PACKAGE_DEPENDS
  "libmshare0 (= ${DEB_VERSION})")
set(CPACK_DEBIAN_LIBMSHARE-DEV_DESCRIPTION "headers and static library of libmshare
What it takes to build programs that use regions of memory which processes
share together with page tables: <mshare.h>, the kernel's header, files for
the linker and for pkg-config, and the manual pages of the library.")

add_custom_command(OUTPUT packaging/changelog.gz
  COMMAND ${CMAKE_COMMAND} -E make_directory packaging
  COMMAND gzip -9nc ${PROJECT_SOURCE_DIR}/packaging/changelog >
    packaging/changelog.gz
  DEPENDS packaging/changelog VERBATIM)
add_custom_command(OUTPUT packaging/symbols
  COMMAND ${CMAKE_COMMAND} -E make_directory packaging
  COMMAND awk -f ${deb}/symbols.awk
    ${PROJECT_SOURCE_DIR}/libmshare/libmshare.map > packaging/symbols
  DEPENDS libmshare/libmshare.map packaging/debian/symbols.awk VERBATIM)
add_custom_target(packaging ALL
  DEPENDS ${PROJECT_BINARY_DIR}/packaging/changelog.gz
    ${PROJECT_BINARY_DIR}/packaging/symbols)
foreach(component ${CPACK_COMPONENTS_ALL})
  install(FILES packaging/copyright
    ${PROJECT_BINARY_DIR}/packaging/changelog.gz
    COMPONENT ${component} DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${component})
endforeach()
include(CPack)
