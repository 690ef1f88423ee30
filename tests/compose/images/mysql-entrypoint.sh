#!/bin/bash
# What docker-compose.yml uses of the entrypoint of the official MySQL image: options of the server as arguments, the password
# of root, a database, and files that are run when the data folder is new, by a server that does not listen to TCP yet.
set -euo pipefail

[ "${1:-mysqld}" != mysqld ] || shift
data=/var/lib/mysql
# Containers are killed here, machines are not: nothing has to be on the disk.
server=(mysqld --no-defaults --user=mysql "--datadir=$data" --skip-name-resolve --mysqlx=OFF --sync-binlog=0
    --innodb-flush-log-at-trx-commit=2 "$@")

quoted() {
    local text=${1//\\/\\\\}
    echo "'${text//\'/\\\'}'"
}

accounts() {
    local password
    password=$(quoted "$MYSQL_ROOT_PASSWORD")
    mysql -u root <<SQL
SET sql_log_bin = 0;
ALTER USER 'root'@'localhost' IDENTIFIED BY $password;
CREATE USER 'root'@'%' IDENTIFIED BY $password;
GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;
SQL
}

run_file() {
    case $1 in
    *.sh) bash "$1" ;;
    *.sql) MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql -u root ${MYSQL_DATABASE:+"--database=$MYSQL_DATABASE"} <"$1" ;;
    esac
}

mkdir -p "$data" /var/run/mysqld
chown mysql:mysql "$data" /var/run/mysqld
if [ ! -d "$data/mysql" ]; then
    rm -rf "${data:?}"/*
    mysqld --no-defaults --user=mysql "--datadir=$data" --initialize-insecure
    "${server[@]}" --skip-networking &
    until mysqladmin -u root --silent ping >/dev/null 2>&1; do
        kill -0 $!
        sleep 0.1
    done
    accounts
    export MYSQL_PWD=$MYSQL_ROOT_PASSWORD
    [ -z "${MYSQL_DATABASE:-}" ] || mysql -u root -e "CREATE DATABASE IF NOT EXISTS \`$MYSQL_DATABASE\`"
    for file in /docker-entrypoint-initdb.d/*; do
        [ ! -f "$file" ] || run_file "$file"
    done
    mysqladmin -u root shutdown
    wait
    unset MYSQL_PWD
fi
exec "${server[@]}"
