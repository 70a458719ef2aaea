#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Shows that a bare Debian 12 with git and make is enough: makes such a system in build/clean-root,
# clones this checkout's HEAD into it, and there types `make run` (tools/drive-run.sh sits at the
# terminal) and `make test`, nothing else. Or only the commands that are named.
#
# Usage, as root: tools/clean-root.sh [run] [test]      Needs debootstrap and slirp4netns.
# MIRROR: where Debian's packages come from, if not from where debootstrap takes them by itself.
#
# The system has processes, mounts and a network of its own (it reaches out through slirp4netns), so
# it can't collide with what runs here, and all of it is gone when this script ends.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD/build/clean-root
minutes_max=90
commands=("$@")
[ ${#commands[@]} -gt 0 ] || commands=(run test)

stop() {
  echo "clean-root: $1" >&2
  exit "${2:-1}"
}

for word in "${commands[@]}"; do
  [[ $word =~ ^(run|test)$ ]] || stop "what is '$word'? Usage: tools/clean-root.sh [run] [test]" 2
done
[ "$(id -u)" -eq 0 ] || stop "only root may make a system to change into"
for program in debootstrap slirp4netns; do
  command -v $program >/dev/null || stop "apt-get install debootstrap slirp4netns, please"
done

# Nothing is mounted in it but within the namespaces below, so removing it removes only itself.
rm -rf --one-file-system "$root"
mkdir -p build
echo "clean-root: debootstrap into build/clean-root"
debootstrap --variant=minbase --include=git,make,ca-certificates bookworm "$root" \
  ${MIRROR:+"$MIRROR"} >build/clean-root.log 2>&1 ||
  stop "debootstrap failed; see build/clean-root.log"
git clone -q --no-local . "$root/srv/daruma"
echo "nameserver 10.0.2.3" >"$root/etc/resolv.conf" # slirp4netns answers there

# In the new namespaces: mount what every system has, wait for the network, change the root.
enter='
  set -e
  mount --make-rprivate /
  mount -t proc proc "$1/proc"
  mount -t sysfs -o ro sysfs "$1/sys"
  mount --rbind /dev "$1/dev"
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts"
  mount -t tmpfs tmpfs "$1/dev/shm"
  until grep -q "^tap0.00000000" /proc/net/route; do sleep 0.1; done
  exec timeout --foreground --kill-after=10 "${3}m" chroot "$1" /usr/bin/env -i HOME=/srv \
    TERM=linux PATH=/usr/sbin:/usr/bin:/sbin:/bin bash -ec "$2"'

typed='cd /srv/daruma'
for word in "${commands[@]}"; do
  case $word in
    run) typed+='; tools/drive-run.sh' ;;
    test) typed+='; make test' ;;
  esac
done

unshare --mount --net --pid --fork --kill-child \
  bash -c "$enter" enter "$root" "$typed" "$minutes_max" &
inside=$!
network=
# shellcheck disable=SC2086  # no word where the network did not start
trap 'kill "$inside" $network 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM

until [ "$(readlink "/proc/$inside/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do
  kill -0 "$inside" 2>/dev/null || stop "the system did not start"
  sleep 0.1
done
slirp4netns --configure "$inside" tap0 >>build/clean-root.log 2>&1 &
network=$!

status=0
wait "$inside" || status=$?
[ $status -eq 0 ] || stop "'${commands[*]}' failed there (exit code $status)" "$status"
echo "clean-root: passed: ${commands[*]}"
