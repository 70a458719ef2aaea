#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What `make run` runs: two sample targets and daruma in front of them, until Ctrl-C; then daruma
# drains, and everything started here is stopped. Usage: tools/run.sh DARUMA
set -euo pipefail
cd "$(dirname "$0")/.."

daruma=$1
config=examples/quickstart.yaml
admin=http://127.0.0.1:9090
log=examples/logs/access_log_app.web.c824f12afa20e5a9.log # its name is made of the load balancer's
targets=()
balancer=

stop_all() {
  trap '' INT TERM
  local status=$1
  if [ -n "$balancer" ] && kill -TERM "$balancer" 2>/dev/null; then
    echo "Draining; requests under way finish first."
    wait "$balancer" || status=1
  fi
  for target in ${targets[@]+"${targets[@]}"}; do
    kill -TERM "$target" 2>/dev/null || true
  done
  for target in ${targets[@]+"${targets[@]}"}; do
    wait "$target" || true
  done
  exit "$status"
}
trap 'stop_all 0' INT TERM

# In a session of its own: Ctrl-C reaches this script alone, which then stops things in order.
start() { setsid "$@" & }

if curl -fs -o /dev/null "$admin/healthz"; then
  echo "A daruma answers at $admin already; stop it first (Ctrl-C where it runs)." >&2
  exit 1
fi

if [ ! -e examples/certs/site.crt ] && [ ! -e examples/certs/site.key ]; then
  "$daruma" certificate --certificate examples/certs/site.crt --key examples/certs/site.key \
    --name localhost --name 127.0.0.1 --name example.com --name '*.example.com'
fi

for address in 127.0.0.2:8443 127.0.0.3:8443; do
  start "$daruma" target --listen "$address" --tls
  targets+=($!)
done
start "$daruma" serve --config "$config" --data data
balancer=$!

all_run() {
  local process
  for process in "$balancer" "${targets[@]}"; do
    kill -0 "$process" 2>/dev/null || return 1
  done
}
until curl -fs -o /dev/null "$admin/healthz" && all_run; do
  if ! all_run; then
    echo "Not all of it started: what did not says why above." >&2
    stop_all 1
  fi
  sleep 0.1
done

cat <<EOF

Daruma serves $config. In another terminal, try:

  curl -i http://127.0.0.1:8080/                 redirected to HTTPS
  curl -ki https://127.0.0.1:8443/               a target shows the request as it arrived
  curl -ki https://127.0.0.1:8443/maintenance    a rule answers by itself
  curl -s $admin/targets           who is healthy, and why not
  curl -s $admin/metrics           what is counted
  tail -F $log
                                                 a line per request

Stop a target, and the other takes over; within ten seconds it counts as unhealthy:

  kill ${targets[0]}
  $daruma target --listen 127.0.0.2:8443 --tls      and back again

Change $config, then apply it without dropping a connection:

  $daruma reload

Ctrl-C drains and stops everything.

EOF

status=0
wait "$balancer" || status=$?
balancer=
echo "daruma ended with exit code $status." >&2
stop_all "$status"
