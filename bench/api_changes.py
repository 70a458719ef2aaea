#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a change through the API takes on a node that has much, while requests are served: 99
load balancers with 100 rules each and 1,000 targets beside the one that is changed. And how many
descriptions a second it gives to four clients.

Usage: DARUMA=build/release/daruma bench/api_changes.py [CHANGES]
"""
import concurrent.futures
import contextlib
import http.client
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'test/integration'))
from aws import ask, serve_api  # noqa: E402
from harness import resident_kilobytes  # noqa: E402
from processes import Ports  # noqa: E402

FIXED = {'Actions.member.1.Type': 'fixed-response',
         'Actions.member.1.FixedResponseConfig.StatusCode': '200'}


def much():
    groups = [{'Name': f'group-{i}', 'Protocol': 'HTTP', 'Port': 80,
               'Targets': [{'Id': f'127.{i + 1}.0.{t + 1}'} for t in range(1000 // 99 + 1)]}
              for i in range(99)]
    balancers = [{'Name': f'balancer-{i}', 'Listeners': [{
        'Port': Ports.take(), 'Protocol': 'HTTP',
        'DefaultActions': [{'Type': 'forward', 'TargetGroup': f'group-{i}'}],
        'Rules': [{'Priority': p + 1,
                   'Conditions': [{'Field': 'path-pattern', 'Values': [f'/{p}/*']}],
                   'Actions': [{'Type': 'forward', 'TargetGroup': f'group-{i}'}]}
                  for p in range(100)]}]} for i in range(99)]
    return {'TargetGroups': groups, 'LoadBalancers': balancers}


def seconds_of(calls):
    times = []
    for call in calls:
        begin = time.perf_counter()
        answer = call()
        times.append(time.perf_counter() - begin)
        assert answer.status == 200, answer.text
    return times


def told(name, times):
    ordered = sorted(times)
    print(f'{name:<28} median {statistics.median(times) * 1e3:6.1f} ms'
          f'   99% {ordered[int(len(ordered) * 0.99)] * 1e3:6.1f} ms   of {len(times)}')


@contextlib.contextmanager
def traffic(port):
    """One client that sends a request when the last was answered; tells how long each took."""
    times, stop = [], threading.Event()

    def run():
        connection = http.client.HTTPConnection('127.0.0.1', port)
        while not stop.is_set():
            begin = time.perf_counter()
            connection.request('GET', '/served')
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - begin)
            assert answer.status == 200
    client = threading.Thread(target=run)
    client.start()
    try:
        yield
    finally:
        stop.set()
        client.join()
        told('  requests meanwhile', times)


def processor_seconds(pid):
    fields = Path(f'/proc/{pid}/stat').read_text(encoding='ascii').rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def describe_rate(daruma, count=2000):
    begin, used = time.perf_counter(), processor_seconds(daruma.pid)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(
            lambda _: ask(daruma, 'DescribeLoadBalancers', PageSize='10').status, range(count)))
    assert set(answers) == {200}
    rate = count / (time.perf_counter() - begin)
    each = (processor_seconds(daruma.pid) - used) / count
    print(f'DescribeLoadBalancers        {rate:.0f} a second to four clients on these cores; '
          f'{each * 1e3:.2f} ms of processor each: {1 / each:.0f} a second on one core')


def main():
    changes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder, serve_api(folder, **much()) as daruma:
        balancer = ask(daruma, 'CreateLoadBalancer', Name='changed').first('LoadBalancerArn')
        listener = ask(daruma, 'CreateListener', LoadBalancerArn=balancer, Protocol='HTTP',
                       Port=str(daruma.configuration.http_port),
                       **{'Default' + key: value for key, value in FIXED.items()}
                       ).first('ListenerArn')
        rule = ask(daruma, 'CreateRule', ListenerArn=listener, Priority='1', **FIXED, **{
            'Conditions.member.1.Field': 'path-pattern',
            'Conditions.member.1.Values.member.1': '/0'}).first('RuleArn')
        with traffic(daruma.configuration.http_port):
            times = seconds_of(
                lambda i=i: ask(daruma, 'ModifyRule', RuleArn=rule, **{
                    'Conditions.member.1.Field': 'path-pattern',
                    'Conditions.member.1.Values.member.1': f'/{i + 1}'}) for i in range(changes))
        told('ModifyRule', times)
        told('DescribeRules', seconds_of(
            lambda: ask(daruma, 'DescribeRules', ListenerArn=listener) for _ in range(changes)))
        told('DescribeTargetGroups', seconds_of(
            lambda: ask(daruma, 'DescribeTargetGroups') for _ in range(changes)))
        describe_rate(daruma)
        print(f'resident {resident_kilobytes(daruma.pid) / 1024:.0f} MB')


if __name__ == '__main__':
    main()
