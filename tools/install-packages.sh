#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian packages of the named lists (tools/packages/NAME) that this machine lacks.
# Where nothing is missing it needs neither root nor a network and prints nothing.
#
# A list holds one package a line. `unpack:NAME` is unpacked into build/tools instead of installed:
# for a package of which one program is wanted, but which would also start a service.
# `program:NAME:PACKAGE` is installed where there is no program of that name: who has a newer one,
# from elsewhere, keeps it.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -eq 0 ]; then
  echo "usage: tools/install-packages.sh LIST…    lists: $(ls tools/packages | xargs)" >&2
  exit 2
fi

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

missing=()
unpack=()
for list in "$@"; do
  while read -r package; do
    case "$package" in
      '' | '#'*) ;;
      program:*)
        name=${package#program:}
        command -v "${name%%:*}" >/dev/null || missing+=("${name#*:}")
        ;;
      unpack:*)
        name=${package#unpack:}
        is_installed "$name" || [ -e "build/tools/.unpacked-$name" ] || unpack+=("$name")
        ;;
      *) is_installed "$package" || missing+=("$package") ;;
    esac
  done <"tools/packages/$list"
done
[ ${#missing[@]} -gt 0 ] || [ ${#unpack[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "Daruma installs what it needs with apt (Debian 12). Here there is none; it lacks:" \
    "${missing[*]} ${unpack[*]}" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
  echo "These packages are missing, and installing them takes root. As root, run:" >&2
  echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi

export DEBIAN_FRONTEND=noninteractive
as_root apt-get update -q

if [ ${#missing[@]} -gt 0 ]; then
  echo "Installing with apt: ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}"
fi

for name in ${unpack[@]+"${unpack[@]}"}; do
  echo "Unpacking into build/tools: $name"
  mkdir -p build/tools
  download=$(mktemp -d)
  (cd "$download" && apt-get download -q "$name")
  dpkg-deb -x "$download"/*.deb build/tools
  rm -r "$download"
  touch "build/tools/.unpacked-$name"
done
