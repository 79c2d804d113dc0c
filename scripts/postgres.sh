#!/usr/bin/env bash
# A throwaway PostgreSQL on a free loopback port, for tests. Nothing in it survives, so nothing is synced.
#
#   scripts/postgres.sh run COMMAND...   with TEST_POSTGRES_URL set; the server goes when the command ends
#   scripts/postgres.sh start FOLDER     makes the server in FOLDER (empty or new) or starts it again on
#                                        the same port; prints its URL
#   scripts/postgres.sh stop FOLDER [fast|immediate]
#
# PostgreSQL does not run as root: as root, this uses the account `postgres` that the package makes.
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)

bin=$("$scripts/install.sh" postgres-bin)
if [[ -z $bin ]]; then
  echo "PostgreSQL's server is missing: scripts/install.sh test" >&2
  exit 1
fi

as_server() {
  if ((EUID == 0)); then
    # From a folder that the account may enter.
    (cd / && runuser -u postgres -- "$@")
  else
    "$@"
  fi
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

make_server() {
  local folder=$1
  mkdir -p "$folder"
  chmod 700 "$folder"
  if ((EUID == 0)); then
    chown postgres "$folder"
  fi
  as_server "$bin/initdb" --pgdata="$folder/data" --username=postgres --auth=trust \
    --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null
  as_server tee -a "$folder/data/postgresql.conf" >/dev/null <<CONF
listen_addresses = '127.0.0.1'
port = $(free_port)
unix_socket_directories = '$folder'
max_connections = 400
fsync = off
synchronous_commit = off
full_page_writes = off
CONF
}

port_of() {
  sed -n 's/^port = //p' "$1/data/postgresql.conf" | tail -n 1
}

start() {
  local folder
  folder=$(realpath -m "$1")
  [[ -e $folder/data ]] || make_server "$folder"
  if ! as_server "$bin/pg_ctl" --pgdata="$folder/data" --log="$folder/log" --silent --wait start \
    </dev/null >/dev/null; then
    tail -n 20 "$folder/log" >&2 || true
    return 1
  fi
  echo "postgres://postgres@127.0.0.1:$(port_of "$folder")/postgres"
}

stop() {
  local folder
  folder=$(realpath -m "$1")
  as_server "$bin/pg_ctl" --pgdata="$folder/data" --silent --mode="${2:-fast}" stop >/dev/null
}

run() {
  # Not `local`: the trap needs it after this function has ended.
  run_folder=$(mktemp -d "${TMPDIR:-/tmp}/wayleave-postgres-XXXXXX")
  trap 'stop "$run_folder" immediate 2>/dev/null || true; rm -rf "$run_folder"' EXIT
  trap 'exit 130' INT TERM
  TEST_POSTGRES_URL=$(start "$run_folder")
  export TEST_POSTGRES_URL
  "$@"
}

verb=${1:-}
if [[ $# -lt 2 || ! $verb =~ ^(run|start|stop)$ ]]; then
  echo "usage: scripts/postgres.sh run COMMAND... | start FOLDER | stop FOLDER [fast|immediate]" >&2
  exit 2
fi
shift
"$verb" "$@"
