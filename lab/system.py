# SPDX-License-Identifier: Apache-2.0
"""What the kernel knows: processor time, who used it, listen queues, connections."""
import os
import re
import subprocess
from pathlib import Path

TICKS = os.sysconf('SC_CLK_TCK')


def processor_time():
    """Seconds since boot, over all processors: (in all, idle, spent by low-priority processes)."""
    line = Path('/proc/stat').read_text().split('\n', 1)[0]
    user, nice, system, idle, iowait, irq, softirq, steal = (
        int(word) / TICKS for word in line.split()[1:9])
    return (user + nice + system + idle + iowait + irq + softirq + steal, idle + iowait, nice)


def processes():
    """(pid, session, seconds on a processor, its ended children included) of every process."""
    for name in os.listdir('/proc'):
        if not name.isdigit():
            continue
        try:
            text = Path('/proc', name, 'stat').read_text()
        except OSError:  # it ended
            continue
        # The name in parentheses may hold anything.
        fields = text[text.rindex(')') + 2:].split()
        yield int(name), int(fields[3]), sum(int(word) for word in fields[11:15]) / TICKS


def session_members(session):
    return [pid for pid, its_session, _ in processes() if its_session == session]


def cpu_by_session(sessions):
    """Session → seconds on a processor since it began."""
    sums = dict.fromkeys(sessions, 0.0)
    for _, session, seconds in processes():
        if session in sums:
            sums[session] += seconds
    return sums


def socket_lines(ports):
    """`ss`, of all TCP sockets with one of these ports on either side."""
    tests = ' or '.join(f'sport = :{port} or dport = :{port}' for port in ports)
    return subprocess.run(['ss', '-Htan', f'( {tests} )'], capture_output=True, text=True,
                          check=True).stdout


SOCKET = re.compile(r'(\S+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+)')


def parse_sockets(text):
    """(queue, connections): 'address:port' → length of its listen queue, and how many connections
    to it are established or being opened. A connection in the queue counts as established: the
    kernel answers for a server that has not yet taken it."""
    queue, connections = {}, {}
    for line in text.splitlines():
        match = SOCKET.match(line)
        if not match:
            continue
        state, waiting, _, local, peer = match.groups()
        if state == 'LISTEN':
            queue[local] = int(waiting)
        elif state in ('ESTAB', 'SYN-SENT'):
            connections[peer] = connections.get(peer, 0) + 1
    return queue, connections
