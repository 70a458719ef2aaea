# SPDX-License-Identifier: Apache-2.0
"""What the kernel says, as it is read."""
import os

from system import cpu_by_session, parse_sockets, processor_time, session_members


def test_listen_queues_and_connections():
    queue, connections = parse_sockets(
        'LISTEN   65  64  127.0.0.2:8443  0.0.0.0:*\n'
        'ESTAB    0   0   127.0.0.1:40000 127.0.0.2:8443\n'
        'ESTAB    0   0   127.0.0.2:8443  127.0.0.1:40000\n'
        'SYN-SENT 0   1   127.0.0.1:40001 127.0.0.2:8443\n'
        'TIME-WAIT 0  0   127.0.0.1:40002 127.0.0.2:8443\n')
    assert queue == {'127.0.0.2:8443': 65}
    assert connections['127.0.0.2:8443'] == 2


def test_this_process_is_among_its_session_and_uses_the_processor():
    session = os.getsid(0)
    assert os.getpid() in session_members(session)
    assert cpu_by_session([session, -1])[session] > 0
    whole, idle, low = processor_time()
    assert whole > idle + low > 0
