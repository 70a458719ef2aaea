# SPDX-License-Identifier: Apache-2.0
"""docs/alb-compatibility.md speaks of the tree as it is."""
import re

from harness import ROOT

PAGE = (ROOT / 'docs/alb-compatibility.md').read_text(encoding='utf-8')


def test_every_attribute_is_in_the_page():
    table = (ROOT / 'src/control/attributes.cc').read_text(encoding='utf-8')
    keys = set(re.findall(r'\((?:load_balancer|target_group|listener),\s*"([a-z0-9_.]+)"', table) +
               re.findall(r'\{load_balancer,\s*"([a-z0-9_.]+)"', table))
    assert len(keys) > 60
    missing = sorted(key for key in keys if f'`{key}`' not in PAGE)
    assert not missing


def test_every_test_in_the_page_is_in_the_tree():
    for file, name in set(re.findall(r'`(test_\w+\.py)::(test_\w+)`', PAGE)):
        text = (ROOT / 'test/integration' / file).read_text(encoding='utf-8')
        assert f'def {name}(' in text, f'{file}::{name}'
    sources = ''.join(path.read_text(encoding='utf-8')
                      for path in [*(ROOT / 'src').glob('*/*_test.cc'),
                                   *(ROOT / 'test/sim').glob('*_test.cc')])
    units = set(re.findall(r'`([A-Z]\w+)\.([a-z]\w*_\w+|says)`', PAGE))
    assert len(units) > 30
    for suite, name in units:
        assert re.search(rf'TEST(_F|_P)?\({suite},\s+{name}\)', sources), f'{suite}.{name}'
