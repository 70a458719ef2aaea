# SPDX-License-Identifier: Apache-2.0
"""`daruma check`: the quickstart is valid; every bad file gets one clear message and its place."""
import re
import shutil

import pytest

from harness import DARUMA, ROOT, make_certificate, run

BAD = sorted((ROOT / 'src/control/testdata/bad').glob('*.yaml'))


def test_there_are_bad_files_enough():
    assert len(BAD) >= 230


@pytest.mark.parametrize('file', BAD, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_at_line_and_column(file):
    answer = run([DARUMA, 'check', file])
    assert answer.returncode == 1
    errors = [line for line in answer.stderr.splitlines() if ' warning: ' not in line]
    assert errors and (len(errors) == 1 or 'several' in file.stem), answer.stderr
    for error in errors:
        assert re.match(re.escape(str(file)) + r':\d+:\d+: \S', error)


def test_the_quickstart_is_valid(tmp_path):
    shutil.copy(ROOT / 'examples/quickstart.yaml', tmp_path)
    (tmp_path / 'certs').mkdir()
    make_certificate(tmp_path / 'certs')
    answer = run([DARUMA, 'check', tmp_path / 'quickstart.yaml'])
    assert (answer.returncode, answer.stderr) == (0, '')


def test_a_missing_file_is_named():
    answer = run([DARUMA, 'check', '/nowhere/daruma.yaml'])
    assert answer.returncode == 1
    assert '/nowhere/daruma.yaml' in answer.stderr
