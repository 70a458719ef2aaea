# SPDX-License-Identifier: Apache-2.0
"""tidy.py finds what it should and nothing else: small trees with one fault each."""
import subprocess

import pytest

import tidy

SPDX = '// SPDX-License-Identifier: Apache-2.0\n'
CMAKE = ('# SPDX-License-Identifier: Apache-2.0\n'
         'daruma_folder(base LINKS fmt::fmt)\n'
         'daruma_folder(io LINKS daruma_base)\n'
         'daruma_folder(http LINKS daruma_base)\n')


def rules_broken(tmp_path, files):
    """The rules that tidy finds broken in a tree of these files."""
    tree = {'CMakeLists.txt': CMAKE, **files}
    for name, text in tree.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    subprocess.run(['git', 'init', '-q', tmp_path], check=True)
    return [problem.rule for problem in tidy.problems_in(tmp_path)]


CLEAN = {
    'src/base/a.h': SPDX + '#pragma once\n',
    'src/http/b.cc': SPDX + '#include "base/a.h"\n',
}


def test_a_clean_tree_has_no_problem(tmp_path):
    assert rules_broken(tmp_path, CLEAN) == []


@pytest.mark.parametrize('rule, name, text', [
    ('include-direction', 'src/base/x.cc', SPDX + '#include "http/b.h"\n'),
    ('include-direction', 'src/http/x.cc', SPDX + '#include "io/b.h"\n'),
    ('include-direction', 'src/http/x.cc', SPDX + '#include "base/gone.h"\n'),
    ('include-direction', 'src/base/x.cc', SPDX + '#include "a.h"\n'),
    ('include-direction', 'src/other/x.cc', SPDX + 'int x;\n'),
    ('banned-call', 'src/http/x.cc', SPDX + 'int f() { return rand(); }\n'),
    ('banned-call', 'src/http/x.cc', SPDX + 'auto t = std::chrono::steady_clock::now();\n'),
    ('banned-call', 'src/base/x.cc', SPDX + 'const char* p = std::getenv("X");\n'),
    ('banned-call', 'src/base/x.cc', SPDX + 'void f() { std::this_thread::sleep_for(d); }\n'),
    ('banned-call', 'src/base/x.cc', SPDX + 'void f() { ::time(nullptr); }\n'),
    ('banned-call', 'src/base/x.cc', SPDX + 'std::random_device d{};\n'),
    ('system-include', 'src/base/x.cc', SPDX + '#include <sys/socket.h>\n'),
    ('system-include', 'src/http/x.cc', SPDX + '#include <fcntl.h>\n'),
    ('spdx', 'src/base/x.cc', 'int x;\n'),
    ('spdx', 'x.py', 'x = 1\n'),
    ('width', 'src/base/x.cc', SPDX + '// ' + 'x' * 98 + '\n'),
    ('whitespace', 'src/base/x.cc', SPDX + 'int x; \n'),
    ('whitespace', 'src/base/x.cc', SPDX + '\tint x;\n'),
    ('whitespace', 'src/base/x.cc', SPDX + 'int x;\n\n'),
    ('unfinished', 'src/base/x.cc', SPDX + '// TO' 'DO: later\n'),
    ('machine-path', 'x.md', '# Title\n\nsee /ho' 'me/somebody/x\n'),
    ('markdown', 'x.md', '# One\n\n# Two\n'),
    ('markdown', 'x.md', '# One\n\n[gone](nowhere.md)\n'),
    ('dead-file', 'src/base/x.h', SPDX + '#pragma once\n'),
    ('dead-file', 'src/base/deep/x.cc', SPDX + 'int x;\n'),
    ('dead-file', 'test/sim/x.cc', SPDX + 'int x;\n'),
    ('function-length', 'src/base/x.cc', SPDX + 'void f() {\n' + '  g();\n' * 70 + '}\n'),
])
def test_each_rule_finds_its_fault(tmp_path, rule, name, text):
    files = {k: v for k, v in CLEAN.items() if k != name}
    broken = set(rules_broken(tmp_path, {**files, name: text}))
    assert broken - {'dead-file'} == {rule} - {'dead-file'} and rule in broken


@pytest.mark.parametrize('name, text', [
    ('src/io/x.cc', SPDX + 'auto t = std::chrono::steady_clock::now();\n'),
    ('src/io/x.cc', SPDX + '#include <fcntl.h>\n'),
    ('src/base/x_test.cc', SPDX + '#include <fcntl.h>\n'),
    ('src/base/x.cc', SPDX + '// rand() is not called here\nconst char* s = "rand()";\n'),
    ('src/base/x.cc', SPDX + 'int f(const Random& random) { return random.rand(); }\n'),
    ('src/base/x.cc',
     SPDX + '// tidy-allow(banned-call): the reason\nint f() { return rand(); }\n'),
    ('src/base/x.cc', SPDX + '// tidy-allow(function-length): a table\nvoid f() {\n'
     + '  g();\n' * 70 + '}\n'),
    ('x.md', '# One\n\n```\n# a comment in a shell\n```\n'),
])
def test_what_is_right_or_excused_passes(tmp_path, name, text):
    assert rules_broken(tmp_path, {**CLEAN, name: text}) == []


def test_an_excuse_needs_a_reason(tmp_path):
    text = SPDX + '// tidy-allow(banned-call):\nint f() { return rand(); }\n'
    assert rules_broken(tmp_path, {**CLEAN, 'src/base/x.cc': text}) == ['banned-call']
