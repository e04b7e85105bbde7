#!/bin/sh
# Prepares the primary of a cluster's log, in PostgreSQL's image: a standby may copy it by password, and commits wait for it. It is
# run once, when the database is there; the settings hold from the start that follows.
set -eu
echo 'host replication all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
{
  echo "synchronous_standby_names = 'standby'"
  echo "wal_keep_size = '1GB'"
} >>"$PGDATA/postgresql.conf"
