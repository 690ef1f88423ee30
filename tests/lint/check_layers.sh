#!/bin/sh
# check_layers.sh - fails when a folder includes a folder above it.
# Allowed: main -> conf -> {sinks, filters} -> cdc -> cdc/base
set -eu
cd "$(dirname "$0")/../.."
bad=0
deny() { # deny FOLDER PATTERN
    [ -d "$1" ] || return 0
    if grep -rnE --include='*.[ch]' "#include \"($2)/" "$1"; then
        echo "layering: $1/ must not include $2/" >&2
        bad=1
    fi
}
deny cdc 'sinks|filters|conf|cmd|tests'
deny sinks 'filters|conf|cmd|tests'
deny filters 'sinks|conf|cmd|tests'
deny conf 'cmd|tests'
deny cmd 'tests'
if [ -d cdc/base ] && grep -rnE --include='*.[ch]' '#include "cdc/[a-z_]+\.h"' cdc/base; then
    echo 'layering: cdc/base/ must not include cdc/' >&2
    bad=1
fi
# The client library stays behind the source interface, cJSON behind the loader.
if grep -rnE --include='*.[ch]' '#include <(mysql|mariadb)' cdc filters sinks conf cmd | grep -v '^cdc/client/'; then
    echo 'layering: only cdc/client/ may include the client library' >&2
    bad=1
fi
if grep -rnE --include='*.[ch]' '#include <cjson/' cdc filters sinks cmd; then
    echo 'layering: only conf/ may include cJSON' >&2
    bad=1
fi
exit $bad
