# SPDX-License-Identifier: Apache-2.0
"""Programs that a test or the lab starts: with their output in a file, ended by their own id.

Standard library only.
"""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
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
    """Free ports below 10000, where no ephemeral range begins; none is given out twice."""
    next_port = 5000 + os.getpid() % 2000

    @classmethod
    def take(cls, address='127.0.0.1'):
        for _ in range(4000):
            cls.next_port = cls.next_port + 1 if cls.next_port < 9999 else 5000
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with contextlib.suppress(OSError):
                    probe.bind((address, cls.next_port))
                    return cls.next_port
        raise AssertionError('no port below 10000 is free')


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
