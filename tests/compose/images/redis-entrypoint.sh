#!/bin/sh
# What docker-compose.yml uses of the entrypoint of the official Redis image: the server does not run as root.
set -eu

if [ "$1" = redis-server ]; then
    chown -R redis:redis /data
    exec setpriv --reuid=redis --regid=redis --clear-groups "$@"
fi
exec "$@"
