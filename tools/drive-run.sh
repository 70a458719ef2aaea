#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Does what a person does with `make run`: types it in a terminal, tries each line that it prints,
# stops a target and starts it again as it says, reloads, and presses Ctrl-C. Fails where something
# is not as it was promised. Needs no more than `make run` itself installs.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
screen=$folder/screen
mkfifo "$folder/keys"
touch "$screen"

# A terminal, so that Ctrl-C is the key and reaches whom it would reach. (What a shell starts in the
# background would ignore it.)
env --default-signal=INT,QUIT script --quiet --return --flush --command 'make run' /dev/null \
  <"$folder/keys" >"$screen" 2>&1 &
terminal=$!
exec 3>"$folder/keys"
restarted=
finish() {
  exec 3>&-
  # shellcheck disable=SC2086  # words: process ids
  kill $terminal $restarted 2>/dev/null || true
  rm -r "$folder"
}
trap finish EXIT

fail() {
  echo "drive-run: $1" >&2
  tr '\r' '\n' <"$screen" | grep . | tail -n 40 | sed 's/^/  | /' >&2
  exit 1
}

# wait_until WHAT SECONDS COMMAND…
wait_until() {
  local what=$1 deadline=$((SECONDS + $2))
  shift 2
  until "$@"; do
    [ $SECONDS -lt $deadline ] || fail "waited in vain: $what"
    sleep 0.2
  done
  echo "drive-run: $what"
}

prints_banner() {
  kill -0 $terminal 2>/dev/null || fail "'make run' ended before it served"
  grep -q 'Ctrl-C drains' "$screen"
}
wait_until "'make run' serves and says what to try" 1800 prints_banner

# The command lines as they are printed, without the words beside them.
printed() { tr -d '\r' <"$screen" | sed -n "s|^  \($1.*\)|\1|p" | sed 's/   .*//'; }

# try PATTERN EXPECTED: runs the one printed line that holds PATTERN; its output matches EXPECTED.
try() {
  local line output
  line=$(printed curl | grep -F -m 1 -- "$1") || fail "no such line is printed: $1"
  output=$($line 2>&1) || fail "'$line' failed: $output"
  grep -qE -- "$2" <<<"$output" || fail "'$line' does not show '$2': ${output:0:500}"
  echo "drive-run: $line"
}
try ':8080/' '^HTTP/1.1 301'
try ':8443/maintenance' '^soon$'
try ':9090/metrics' '^daruma_listener_requests_total'
try ':9090/targets' '"State": "healthy"'
# As often as there are targets, and then some: each answers in turn.
for _ in 1 2 3 4; do try ':8443/' '^HTTP/2 200'; done >/dev/null
try ':8443/' '^HTTP/2 200'
logged() { grep -qs ' 127.0.0.1:' examples/logs/*.log; }
wait_until 'the log has a line per request' 10 logged

# state_is STATE: of the target that is stopped and started again.
state_is() {
  curl -fs http://127.0.0.1:9090/targets | tr -d ' "\n' |
    grep -qF "Id:127.0.0.2,Port:8443,AvailabilityZone:zone-a},TargetHealth:{State:$1"
}
$(printed 'kill') || fail "cannot stop a target as it says"
wait_until 'the stopped target counts as unhealthy' 20 state_is unhealthy
for _ in 1 2 3 4; do try ':8443/' '^HTTP/2 200'; done >/dev/null
$(printed '[^ ]*daruma target') >"$folder/target" 2>&1 &
restarted=$!
wait_until 'started again, it is back' 30 state_is healthy
$(printed '[^ ]*daruma reload') || fail "'daruma reload' failed"
echo 'drive-run: reloaded'

printf '\003' >&3 # Ctrl-C
ended() { ! kill -0 $terminal 2>/dev/null; }
wait_until 'Ctrl-C ends it' 60 ended
status=0
wait $terminal || status=$?
[ $status -eq 0 ] || [ $status -eq 130 ] || fail "'make run' ended with exit code $status" # 130: ^C
grep -q 'Draining' "$screen" || fail "it did not say that it drains"
kill $restarted && wait $restarted || true
for place in 127.0.0.1:8080 127.0.0.1:8443 127.0.0.1:9090 127.0.0.2:8443 127.0.0.3:8443; do
  ! (: <"/dev/tcp/${place/://}") 2>/dev/null || fail "something still listens on $place"
done
echo "drive-run: all is stopped; 'make run' ended with exit code $status"
