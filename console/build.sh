#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the console: index.html, app.js, app.css, favicon.svg and licenses.txt into OUTDIR, which
# is made if need be.
#
# Usage: console/build.sh OUTDIR      Needs node (18 or newer) and npm.
# The packages of package-lock.json are installed into console/node_modules if they are not there
# already; that is the only step that asks npm's registry. (For tests and types: npm ci.)
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: console/build.sh OUTDIR" >&2; exit 2; }
mkdir -p "$1"
outdir=$(cd "$1" && pwd)
cd "$(dirname "$0")"

# Two builds of one checkout may come here at once.
exec 9>.install-lock
flock 9
# What npm says it has installed (its hidden lock file) must be what this lock file says.
up_to_date='
  const wanted = require("./package-lock.json").packages;
  const found = require("./node_modules/.package-lock.json").packages;
  const missing = Object.entries(wanted).filter(([path, { version, dev, optional }]) =>
    path && !dev && !optional && found[path]?.version !== version);
  process.exit(missing.length);'
if ! node -e "$up_to_date" 2>/dev/null; then
  npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
fi
flock -u 9

# Safari 15 and browsers of its age are the oldest that get it.
node_modules/.bin/esbuild src/main.tsx --bundle --minify --format=esm --target=es2020 \
  --jsx=automatic --jsx-import-source=preact --legal-comments=none --log-level=warning \
  --outfile="$outdir/app.js"
node_modules/.bin/esbuild src/app.css --bundle --minify --target=es2020,safari15 \
  --log-level=warning --outfile="$outdir/app.css"
cp src/index.html src/favicon.svg "$outdir/"

# Of whoever's code is in app.js or app.css: their licences want to be passed on with it.
for package in preact @preact/signals @preact/signals-core uplot; do
  printf '%s\n\n' "$package"
  cat "node_modules/$package/LICENSE"
  echo
done >"$outdir/licenses.txt"
