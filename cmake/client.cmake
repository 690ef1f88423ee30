# Chooses the client library for the replica connection: target SluiceClient, and the sources
# that use it. Oracle's libmysqlclient comes first, as it reads everything that sluice can decode;
# MariaDB Connector/C is what Debian 12 has.
set(SLUICE_CLIENT_KIND "")
if(SLUICE_CLIENT MATCHES "^(auto|mysql)$")
    pkg_check_modules(MYSQLCLIENT IMPORTED_TARGET mysqlclient)
    # MariaDB installs a mysqlclient.pc of its own for compatibility.
    if(MYSQLCLIENT_FOUND AND NOT MYSQLCLIENT_LIBRARIES MATCHES "mariadb")
        set(SLUICE_CLIENT_KIND mysql)
        add_library(SluiceClient ALIAS PkgConfig::MYSQLCLIENT)
    endif()
endif()
if(NOT SLUICE_CLIENT_KIND AND SLUICE_CLIENT MATCHES "^(auto|mariadb)$")
    pkg_check_modules(MARIADBCLIENT IMPORTED_TARGET libmariadb)
    if(MARIADBCLIENT_FOUND)
        set(SLUICE_CLIENT_KIND mariadb)
        add_library(SluiceClient ALIAS PkgConfig::MARIADBCLIENT)
    endif()
endif()
if(NOT SLUICE_CLIENT_KIND)
    message(FATAL_ERROR "No MySQL client library found for SLUICE_CLIENT=${SLUICE_CLIENT}: "
        "install libmysqlclient-dev or libmariadb-dev (make setup does)")
endif()
message(STATUS "Client library: ${SLUICE_CLIENT_KIND}")

# cdc/client/binlog_mysql.c and binlog_mariadb.c hold the replication calls of one library each;
# the other files there use what both share (connect, query).
file(GLOB SLUICE_CLIENT_SOURCES CONFIGURE_DEPENDS cdc/client/*.c)
list(FILTER SLUICE_CLIENT_SOURCES EXCLUDE REGEX "cdc/client/binlog_(mysql|mariadb)\\.c$")
list(APPEND SLUICE_CLIENT_SOURCES cdc/client/binlog_${SLUICE_CLIENT_KIND}.c)
string(TOUPPER ${SLUICE_CLIENT_KIND} client_upper)
set(SLUICE_CLIENT_DEFINE SLUICE_CLIENT_${client_upper}=1)
