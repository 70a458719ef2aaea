# SPDX-License-Identifier: Apache-2.0
"""`make run`: what the README promises for the first five minutes."""
import os
import re
import signal
import socket

import pytest

from harness import DARUMA, ROOT, Process, new_session, run, wait_until

PORTS = [('127.0.0.1', 8080), ('127.0.0.1', 8443), ('127.0.0.1', 9090), ('127.0.0.2', 8443),
         ('127.0.0.3', 8443)]


def is_free(place):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(place)
        except OSError:
            return False
    return True


@pytest.mark.skipif(not all(map(is_free, PORTS)), reason='the quickstart already runs here')
def test_the_quickstart_serves_and_ctrl_c_stops_everything(tmp_path):
    with Process([ROOT / 'tools/run.sh', DARUMA], tmp_path / 'output') as quickstart:
        wait_until('it says what to try', lambda: 'Ctrl-C' in quickstart.output(), 30)
        with new_session() as session:
            answer = session.get('http://127.0.0.1:8080/x?y', allow_redirects=False, timeout=10)
            assert answer.status_code == 301
            assert answer.headers['Location'] == 'https://127.0.0.1:8443/x?y'
            seen = set()
            wait_until('both targets answer', lambda: seen.add(session.get(
                'https://127.0.0.1:8443/', timeout=10).headers['X-Target']) or len(seen) == 2)
            answer = session.get('https://127.0.0.1:8443/maintenance', timeout=10)
            assert (answer.status_code, answer.text) == (503, 'soon')
        second = run([ROOT / 'tools/run.sh', DARUMA])
        assert second.returncode == 1
        assert 'already' in second.stderr and 'Ctrl-C drains' not in second.stdout
        # Stop a target as it says; the other goes on.
        target = int(re.search(r'kill (\d+)\n', quickstart.output()).group(1))
        os.kill(target, signal.SIGTERM)
        wait_until('the target is gone', lambda: is_free(('127.0.0.2', 8443)))

        quickstart.send(signal.SIGINT)
        assert quickstart.wait(30) == 0, quickstart.output()
        assert all(map(is_free, PORTS))
