#!/bin/sh
# capture.sh mysql|mariadb CASE... - makes tests/golden/CASE/capture.binlog anew from a running server.
#
# CLIENT is the command of the server's client with its connection options (root), BINLOGS the folder
# of its binary logs. The server is reset: use a throw-away one with binary logging, binlog_format=ROW,
# for MySQL also gtid_mode=ON, and a fixed server_uuid (6e0f1a52-0c3b-11f0-9d5c-0242ac110002).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
kind=$1
shift
reset='RESET BINARY LOGS AND GTIDS'
status='SHOW BINARY LOG STATUS'
if [ "$kind" = mariadb ]; then
    reset='RESET MASTER'
    status='SHOW MASTER STATUS'
fi
# Runs the parts of a file between lines "-- another session" each in a connection of its own.
sessions() {
    part=1
    last=$(grep -c '^-- another session' "$1" || true)
    while [ "$part" -le $((last + 1)) ]; do
        awk -v part="$part" 'BEGIN { n = 1 } /^-- another session/ { n++ } n == part' "$1" | $CLIENT
        part=$((part + 1))
    done
}

for case in "$@"; do
    case $case in "$kind"-*) ;; *) echo "$case is not of $kind" >&2 && exit 1 ;; esac
    $CLIENT -e "DROP DATABASE IF EXISTS shop; $reset"
    $CLIENT <"$here/$case/ddl.sql"
    sessions "$here/$case/dml.sql"
    log=$($CLIENT -N -e "$status" | cut -f1)
    $CLIENT -e 'FLUSH BINARY LOGS'
    [ ! -e "$here/$case/after.sql" ] || $CLIENT <"$here/$case/after.sql"
    cp "$BINLOGS/$log" "$here/$case/capture.binlog"
    chmod 644 "$here/$case/capture.binlog"
done
