# SPDX-License-Identifier: Apache-2.0
"""Programs that a test or the lab starts: with their output in a file, ended by their own id.

Standard library only.
"""
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def wait_until(what, condition, seconds=10.0):
    """The first true value of condition(), polled; fails naming `what` when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'waited {seconds:g} s in vain: {what}')
        time.sleep(0.02)


class Ports:
    """Free ports below 10000, where no ephemeral range begins. Each process has a block of its own,
    which a locked file keeps for it, so that two test runs do not take each other's; a port comes
    again only when its block has been gone through."""
    FIRST, END, BLOCK = 3000, 8000, 500  # examples/ listen behind them
    lock = None
    first = next_port = 0

    @classmethod
    def take(cls, address='127.0.0.1'):
        if not cls.lock:
            cls.reserve_block()
        for _ in range(cls.BLOCK):
            port = cls.next_port
            cls.next_port = cls.first + (port + 1 - cls.first) % cls.BLOCK
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with contextlib.suppress(OSError):
                    probe.bind((address, port))
                    return port
        raise AssertionError(f'no port of {cls.first}..{cls.first + cls.BLOCK - 1} is free')

    @classmethod
    def reserve_block(cls):
        folder = Path(tempfile.gettempdir()) / f'daruma-ports-{os.getuid()}'
        folder.mkdir(exist_ok=True)
        for first in range(cls.FIRST, cls.END, cls.BLOCK):
            lock = open(folder / str(first), 'w', encoding='ascii')
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                continue
            cls.lock, cls.first, cls.next_port = lock, first, first
            return
        raise AssertionError(f'other runs hold all blocks of ports: {folder}')


class Process:
    """A program with its output in a file. Use with `with`: ends it, at last by force."""

    def __init__(self, command, log, env=None):
        self.command = [str(word) for word in command]
        self.log = Path(log)
        with open(self.log, 'ab') as output:
            self.child = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,  # Apache ends its whole process group
                env=dict(os.environ, **(env or {})))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def pid(self):
        return self.child.pid

    def output(self):
        return self.log.read_text(errors='replace')

    def is_running(self):
        return self.child.poll() is None

    def send(self, number):
        self.child.send_signal(number)

    def wait(self, seconds=20):
        return self.child.wait(seconds)

    def stop(self, seconds=40):
        """Asks it to end, and returns its exit code."""
        if self.is_running():
            self.send(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        if self.is_running():
            self.child.kill()
        self.child.wait(10)


def program(name, packages='test'):
    """The path of a program; an unpacked one counts. Fails if the package list is short of it."""
    folders = [ROOT / 'build/tools/usr' / kind for kind in ('bin', 'sbin')]
    found = shutil.which(name, path=os.pathsep.join(
        [os.environ.get('PATH', ''), '/usr/sbin', *map(str, folders)]))
    assert found, f'{name} is missing: tools/install-packages.sh {packages}'
    return found


def letters(count):
    """The body of /bytes/N and its like."""
    alphabet = b'abcdefghijklmnopqrstuvwxyz'
    return (alphabet * (count // 26 + 1))[:count]
