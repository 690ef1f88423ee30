#!/bin/bash
# The account that sluice reads with; run once, when the server's data folder is new.
password=${SLUICE_SOURCE_PASSWORD//\\/\\\\}
password=${password//\'/\\\'}
MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql -u root <<SQL
CREATE USER 'sluice'@'%' IDENTIFIED BY '$password';
GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'sluice'@'%';
GRANT SELECT ON shop.* TO 'sluice'@'%';
SQL
