#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts the console's files into a C++ source: each compressed, with an ETag of its content.

Usage: tools/embed_console.py FOLDER OUT.cc. FOLDER has index.html, app.js, app.css, licenses.txt,
and perhaps favicon.svg; other files are an error, so that nothing is left out unnoticed.
"""
import gzip
import hashlib
import sys
from pathlib import Path

TYPES = {'.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8',
         '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml',
         '.txt': 'text/plain; charset=utf-8'}
NAMES = {'index.html', 'app.js', 'app.css', 'favicon.svg', 'licenses.txt'}
REQUIRED = NAMES - {'favicon.svg'}
BYTES_A_LINE = 24


def literal(data):
    """As a string literal: octal, so that no digit of the next byte can belong to it."""
    lines = [data[i:i + BYTES_A_LINE] for i in range(0, len(data), BYTES_A_LINE)]
    return '\n'.join('      "' + ''.join(f'\\{byte:03o}' for byte in line) + '"' for line in lines)


def row(path):
    data = path.read_bytes()
    compressed = gzip.compress(data, 9, mtime=0)
    etag = hashlib.sha256(data).hexdigest()[:20]
    return (f'    {{"{path.name}", "{TYPES[path.suffix]}", "\\"{etag}\\"",\n'
            f'     std::string_view(\n{literal(compressed)},\n      {len(compressed)})}},\n')


def main():
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    files = sorted(path for path in folder.iterdir() if path.is_file())
    names = {path.name for path in files}
    if names - NAMES or REQUIRED - names:
        sys.exit(f'{folder} must have {sorted(REQUIRED)}, and may have {sorted(NAMES)}; '
                 f'it has {sorted(names)}')
    out.write_text('// Made by tools/embed_console.py.\n#include "console/assets.h"\n\n'
                   'namespace daruma::console {\nnamespace {\n\nconstexpr Asset files[] = {\n'
                   + ''.join(row(path) for path in files)
                   + '};\n\n}  // namespace\n\nstd::span<const Asset> assets() {\n'
                     '  return files;\n}\n\n}  // namespace daruma::console\n')


if __name__ == '__main__':
    main()
