#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what the compiler and clang-format do not: the rules of STYLE.md that a machine can hold.

Usage: tools/tidy.py [ROOT]. Prints `file:line: rule: what is wrong`, exits 1 if there is anything.

A line may be excused where the code is right and the rule too coarse, with the reason beside it:
    // tidy-allow(RULE): why
on that line or the one above; for `function-length`, directly above the function.
"""
import json
import re
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

Problem = namedtuple('Problem', 'file line rule text')

COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 70
FOLDER = re.compile(r'daruma_folder\((\w+)\s+LINKS([^)]*)\)')
INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"')
ALLOW = re.compile(r'tidy-allow\(([\w-]+)\): \S')

# Folders that speak to the operating system, or wire those that do.
SYSTEM_FOLDERS = {'io', 'app'}
BANNED_CALLS = re.compile(
    r'(?:\b(?P<clock>(?:steady|system|high_resolution)_clock::now|clock_gettime|gettimeofday)'
    r'|\b(?P<chance>s?rand|rand_r|random_device|mt19937(?:_64)?)'
    r'|\b(?P<system>getenv|secure_getenv|setenv|u?sleep|nanosleep|sleep_for|sleep_until'
    r'|epoll_\w+|accept4|recvmsg|sendmsg|fork|popen)'
    r'|(?<!\w)::(?P<qualified>time|random|socket|accept|connect|recv|send|system))'
    r'\b\s*(?:\(|\{|\w+[;{(])')
BANNED_ADVICE = {
    'clock': 'ask the Loop what time it is (rule 2)',
    'chance': 'chance comes from base/random or from the Loop (rule 2)',
    'system': 'system calls live in io/ and app/ (rule 2)',
    'qualified': 'system calls live in io/ and app/ (rule 2)',
}
# Files elsewhere that need the system, on threads that may wait for it: ARCHITECTURE.md names them.
SYSTEM_FILES = {
    'src/base/line_output.cc',       # never waits for standard error
    'src/base/line_output_test.cc',
    'src/base/log.cc',               # which it knows by number
    'src/control/data_lock.cc',      # one process to a data directory
    'src/control/durable_file.cc',   # keeps what must survive
    'src/control/last_good.cc',      # keeps the last good configuration
    'src/control/system_lookup.cc',  # names of targets
    'src/notify/buckets.cc',         # a directory that stands for a bucket
    'src/notify/log_shipper.cc',     # takes complete logs to their buckets
    'src/store/store.cc',            # a file for its owner alone
    'src/telemetry/log_file.cc',     # writes the logs
}
SYSTEM_INCLUDE = re.compile(
    r'\s*#\s*include\s*<(sys/\w+|netinet/\w+|fcntl|unistd|netdb|poll|pthread|sched|signal)\.h>')
# Words that promise work instead of doing it.
UNFINISHED = re.compile(r'\b(TO' r'DO|FIX' r'ME|XX' r'X|HA' r'CK)\b')
MACHINE_PATH = re.compile(r'(?<![\w.])/(?:wo' r'rk|home|root)/\w')
COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\\ ]{0,16})\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)


class Tree:
    """The files that git knows or would add, read once."""

    def __init__(self, root):
        self.root = Path(root)
        names = subprocess.run(
            ['git', '-C', str(root), 'ls-files', '--cached', '--others', '--exclude-standard'],
            check=True, capture_output=True, text=True).stdout.split('\n')
        self.files = sorted(name for name in names if name and (self.root / name).is_file())
        self.cache = {}

    def text(self, name):
        if name not in self.cache:
            try:
                self.cache[name] = (self.root / name).read_text(encoding='utf-8')
            except UnicodeDecodeError:  # a fuzz corpus or an image
                self.cache[name] = None
        return self.cache[name]

    def lines(self, name):
        return (self.text(name) or '').split('\n')

    def cpp(self):
        return [name for name in self.files if name.endswith(('.cc', '.h'))]

    def written(self):
        """Files that people write: not corpora, test data or licences."""
        skip = re.compile(r'(^|/)(corpus|corpora|testdata)/|^LICENSE$')
        return [name for name in self.files
                if not skip.search(name) and self.text(name) is not None]


def excused(lines, index, rule):
    """Whether lines[index], or the comment lines directly above it, excuse it from the rule."""
    def allows(line):
        found = ALLOW.search(line)
        return found is not None and found.group(1) == rule
    if allows(lines[index]):
        return True
    while index > 0 and lines[index - 1].lstrip().startswith('//'):
        index -= 1
        if allows(lines[index]):
            return True
    return False


def without_comments_and_strings(text):
    """The same text with every comment and literal blanked out, line by line as it was."""
    def blank(match):
        return re.sub(r'[^\n]', ' ', match.group(0))
    return COMMENT_OR_STRING.sub(blank, text)


def folder_of(name):
    parts = name.split('/')
    return parts[1] if len(parts) > 2 and parts[0] == 'src' else None


def allowed_includes(tree):
    """Folder → itself and all folders below it, from the arrows in CMakeLists.txt."""
    direct = {}
    for name, links in FOLDER.findall(tree.text('CMakeLists.txt')):
        direct[name] = {link[len('daruma_'):] for link in links.split()
                        if link.startswith('daruma_')}

    def below(name):
        reached = {name}
        for other in direct.get(name, ()):
            reached |= below(other)
        return reached
    return {name: below(name) for name in direct}


def check_include_direction(tree):
    allowed = allowed_includes(tree)
    for name in tree.cpp():
        folder = folder_of(name)
        if folder is None:
            continue
        if folder not in allowed:
            yield Problem(name, 1, 'include-direction',
                          f'CMakeLists.txt does not know the folder src/{folder}')
            continue
        for number, line in enumerate(tree.lines(name), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            other = found.group(1).split('/')[0]
            if '/' not in found.group(1):
                yield Problem(name, number, 'include-direction',
                              f'write the folder too: "{folder}/{found.group(1)}"')
            elif other not in allowed[folder]:
                yield Problem(name, number, 'include-direction',
                              f'{folder} may not include {other} (rule 1; CMakeLists.txt)')
            elif not (tree.root / 'src' / found.group(1)).is_file():
                yield Problem(name, number, 'include-direction', 'no such file')


def check_banned_calls(tree):
    for name in tree.cpp():
        folder = folder_of(name)
        if folder is None or folder in SYSTEM_FOLDERS:
            continue
        lines = tree.lines(name)
        code = without_comments_and_strings(tree.text(name)).split('\n')
        for number, line in enumerate(code, 1):
            for found in BANNED_CALLS.finditer(line):
                before = line[:found.start()]
                if is_ours(before):
                    continue
                kind = found.lastgroup
                if is_declaration(before) or excused(lines, number - 1, 'banned-call'):
                    continue
                yield Problem(name, number, 'banned-call',
                              f'{found.group(kind)}: {BANNED_ADVICE[kind]}')


def check_system_includes(tree):
    for name in tree.cpp():
        folder = folder_of(name)
        if folder is None or folder in SYSTEM_FOLDERS or name in SYSTEM_FILES:
            continue
        if name.endswith(('_test.cc', '_for_test.h')):
            continue
        for number, line in enumerate(tree.lines(name), 1):
            found = SYSTEM_INCLUDE.match(line)
            if found:
                yield Problem(name, number, 'system-include',
                              f'{found.group(1)}.h: system calls live in io/ and app/ (rule 2)')


def is_ours(before):
    """Whether `before` makes the name after it a member's or one of our own namespaces'."""
    scope = re.search(r'((?:\w+::)+)$', before)
    if scope:
        return scope.group(1).split('::')[0] not in {'std', 'chrono', 'this_thread'}
    return before.endswith(('.', '->'))


def is_declaration(before):
    """Whether a name after `before` is being declared, as in `Duration time(…)`, not called."""
    found = re.search(r'([\w>*&]+)\s+[*&]?$', before)
    return found is not None and found.group(1) not in {'return', 'else', 'co_return', 'case'}


def check_spdx(tree):
    for name in tree.written():
        head = tree.lines(name)[:3]
        if name.endswith(('.cc', '.h')) and head[0] != '// SPDX-License-Identifier: Apache-2.0':
            yield Problem(name, 1, 'spdx', 'first line must be the SPDX line')
        elif (name.endswith(('.py', '.sh', '.cmake')) or Path(name).name in (
                'Makefile', 'CMakeLists.txt')) and not any(
                    line == '# SPDX-License-Identifier: Apache-2.0' for line in head):
            yield Problem(name, 1, 'spdx', 'SPDX line missing from the first three lines')


def check_lines(tree):
    for name in tree.written():
        lines = tree.lines(name)
        code = name.endswith(('.cc', '.h', '.py', '.sh', '.cmake', '.yaml')) or Path(name).name in (
            'Makefile', 'CMakeLists.txt', 'run')
        for number, line in enumerate(lines, 1):
            def problem(rule, text):
                return Problem(name, number, rule, text)
            if line != line.rstrip():
                yield problem('whitespace', 'trailing white space')
            if code and '\t' in line and Path(name).name != 'Makefile':
                yield problem('whitespace', 'tab')
            if code and len(line) > COLUMNS_MAX and not excused(lines, number - 1, 'width'):
                yield problem('width', f'{len(line)} columns, at most {COLUMNS_MAX}')
            if UNFINISHED.search(line):
                yield problem('unfinished', 'finish it, or write an issue')
            if MACHINE_PATH.search(line):
                yield problem('machine-path', 'a path of one machine')
        if lines[-1] != '' or (len(lines) > 1 and lines[-2] == '' and len(lines) > 2):
            yield Problem(name, len(lines), 'whitespace', 'end the file with exactly one newline')


def check_function_length(tree):
    names = [name for name in tree.cpp() if name.endswith('.cc')]
    result = subprocess.run(
        ['ctags', '--output-format=json', '--kinds-C++=f', '--fields=+ne', '-f', '-', '-L', '-'],
        cwd=tree.root, input='\n'.join(names), capture_output=True, text=True, check=True)
    for row in result.stdout.splitlines():
        tag = json.loads(row)
        length = tag.get('end', tag['line']) - tag['line'] + 1
        if length > FUNCTION_LINES_MAX and not excused(
                tree.lines(tag['path']), tag['line'] - 1, 'function-length'):
            yield Problem(tag['path'], tag['line'], 'function-length',
                          f'{tag["name"]} has {length} lines; tell one story each (rule 7)')


def check_dead_files(tree):
    """A .cc that no library or program is built from; a header that nobody includes."""
    included = set()
    for name in tree.cpp():
        for line in tree.lines(name):
            found = INCLUDE.match(line)
            if found:
                included.add(found.group(1))
    folders = allowed_includes(tree)
    lists = '\n'.join(tree.text(name) for name in tree.files
                      if Path(name).name == 'CMakeLists.txt')
    for name in tree.cpp():
        folder = folder_of(name)
        if name.startswith('src/') and (folder not in folders or name.count('/') != 2):
            yield Problem(name, 1, 'dead-file', 'not in a folder that CMakeLists.txt builds')
        elif name.endswith('.cc') and folder is None and Path(name).name not in lists \
                and not re.search(r'GLOB[^)]*\*(_fuzz|_test|_bench)?\.cc', lists):
            yield Problem(name, 1, 'dead-file', 'no CMakeLists.txt names it')
        elif name.endswith('.h') and not any(
                path == name or name.endswith('/' + path) for path in included):
            yield Problem(name, 1, 'dead-file', 'nobody includes it')


def check_markdown(tree):
    for name in tree.written():
        if not name.endswith('.md'):
            continue
        titles, fenced = [], False
        for number, line in enumerate(tree.lines(name), 1):
            if line.startswith('```'):
                fenced = not fenced
            elif not fenced and line.startswith('# '):
                titles.append(number)
        if len(titles) != 1:
            yield Problem(name, (titles + [1])[0], 'markdown', f'{len(titles)} titles (#), not one')
        for target in re.findall(r'\]\(([^)#:\s]+)(?:#[^)]*)?\)', tree.text(name)):
            if not (tree.root / name).parent.joinpath(target).exists():
                yield Problem(name, 1, 'markdown', f'link to {target}, which is not there')


CHECKS = [check_include_direction, check_banned_calls, check_system_includes, check_spdx,
          check_lines, check_function_length, check_dead_files, check_markdown]


def problems_in(root):
    tree = Tree(root)
    return sorted(problem for check in CHECKS for problem in check(tree))


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    problems = problems_in(root)
    for problem in problems:
        print(f'{problem.file}:{problem.line}: {problem.rule}: {problem.text}')
    print(f'tidy: {len(problems)} problem{"" if len(problems) == 1 else "s"}')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
