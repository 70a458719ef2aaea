# SPDX-License-Identifier: Apache-2.0
"""Reads the text that Prometheus reads. Standard library only."""
import re

SAMPLE = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def samples(text, name):
    """(labels, value) of each sample of one metric."""
    found = []
    for line in text.splitlines():
        match = SAMPLE.match(line)
        if match and match.group(1) == name:
            found.append((dict(LABEL.findall(match.group(2) or '')), float(match.group(3))))
    return found
