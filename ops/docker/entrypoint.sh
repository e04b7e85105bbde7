#!/bin/sh
# Starts what the arguments say; "serve" with the directory and the address of a container.
#
# Ini files that are mounted at /opt/couchdb/etc/local.d, as for the official image of CouchDB, are read before the
# server's own couchette.ini. COUCHDB_USER, COUCHDB_PASSWORD and COUCHDB_SECRET are read by the server.
set -eu

data="${COUCHETTE_DATA:-/opt/couchdb/data}"
mounted="${COUCHETTE_ETC:-/opt/couchdb/etc/local.d}"
program="${COUCHETTE_PROGRAM:-couchette}"

if [ "${1:-serve}" = serve ] && [ -z "${COUCHDB_PASSWORD:-}" ] && [ ! -e "$data/couchette.ini" ]; then
  echo 'COUCHDB_PASSWORD is not set: an administrator with a generated password is made, and shown below once.' >&2
fi

# The server reads local.d/*.ini of its data directory.
if [ -d "$mounted" ] && [ ! -e "$data/local.d" ]; then
  ln -s "$mounted" "$data/local.d"
fi

# A node of a cluster that is named by its environment joins when it starts for the first time. Nothing creates a cluster but
# "cluster create", which writes the same file.
if [ "${1:-}" = serve ] && [ -n "${COUCHETTE_CLUSTER_LOG:-}" ] && [ ! -e "$data/couchette.ini" ]; then
  "$program" cluster join --log "$COUCHETTE_CLUSTER_LOG" --name "${COUCHETTE_CLUSTER_NAME:-couchette}" \
    --node "${COUCHETTE_CLUSTER_NODE:-$(hostname)}" --data "$data"
fi

if [ "${1:-}" = serve ]; then
  shift
  exec "$program" serve --data "$data" --bind "${COUCHETTE_BIND:-0.0.0.0}" "$@"
fi
exec "$program" "$@"
