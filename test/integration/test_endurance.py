# SPDX-License-Identifier: Apache-2.0
"""Many connections held, many reloads, many requests, all at once: nothing fails, nothing grows."""
import subprocess
import threading

from harness import LOAD, load, raise_descriptor_limit, resident_kilobytes, wait_until

HELD = 10_000
RELOADS = 200
REQUESTS = 50_000


def test_200_reloads_during_50_000_requests_with_10_000_connections_open(start_targets, serve):
    raise_descriptor_limit(HELD + 2000)
    targets = start_targets(2, options=['--body-bytes', '500'])
    # What is held is not idle for too long on a slow machine.
    daruma = serve(targets, attributes={'idle_timeout.timeout_seconds': 600})
    port = daruma.configuration.http_port
    holder = subprocess.Popen(
        [LOAD, '--port', str(port), '--path', '/', '--connections', str(HELD), '--requests',
         str(HELD), '--hold'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline().startswith('HELD')
        wait_until('all connections are open', lambda: daruma.metric(
            'daruma_listener_connections_active') >= HELD)
        # Once around first, so that pools and buffers have their size.
        load(daruma, connections=50, requests=5000, path='/', body=500)
        assert daruma.reload().returncode == 0
        memory = resident_kilobytes(daruma.pid)

        reports = []
        client = threading.Thread(target=lambda: reports.append(
            load(daruma, connections=50, requests=REQUESTS, path='/', body=500, seconds=300)))
        client.start()
        for i in range(RELOADS):
            change_something(daruma.configuration, i)
            answer = daruma.reload()
            assert answer.returncode == 0, answer.stderr
        client.join()

        assert reports[0]['statuses'] == {'200': REQUESTS}, reports
        assert (reports[0]['failed'], reports[0]['bodies_wrong']) == (0, 0), reports
        daruma.wait_for_metric('daruma_listener_connections_active', at_least=HELD)
        daruma.wait_for_metric('daruma_config_revision', at_least=RELOADS)
        grown = resident_kilobytes(daruma.pid) - memory
        assert grown < 8 * 1024, f'{grown} KB more after {RELOADS} reloads'
        holder.stdin.close()
        assert '"failed": 0' in holder.stdout.read()
    finally:
        holder.kill()
        holder.wait(10)
        holder.stdout.close()


def change_something(configuration, i):
    """Another rule each time, so that there is something to compile and adopt."""
    rule = {'Priority': 1 + i, 'Conditions': [{'Field': 'path-pattern', 'Values': [f'/rule-{i}']}],
            'Actions': [{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '404'}}]}
    for listener in configuration.load_balancer['Listeners']:
        listener['Rules'] = [rule]
    configuration.write()
