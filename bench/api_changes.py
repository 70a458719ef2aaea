#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a change through the API takes on a node that has much, while requests are served: 99
load balancers with 100 rules each and 1,000 targets beside the one that is changed. And how many
descriptions a second it gives to four clients.

Usage: DARUMA=build/release/daruma bench/api_changes.py [CHANGES] [--create]
"""
import argparse
import concurrent.futures
import contextlib
import http.client
import math
import re
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


def adoption_times(daruma):
    """Pieces of adopting configurations by upper bound in seconds, of all workers."""
    times = {}
    for line in daruma.metrics().splitlines():
        found = re.match(r'daruma_worker_adoption_time_seconds_bucket.*le="(.*?)"} (\d+)', line)
        if found:
            bound = float(found[1])
            times[bound] = times.get(bound, 0) + int(found[2])
    return times


def told_adoption(before, after):
    pieces = {bound: count - before.get(bound, 0) for bound, count in sorted(after.items())}
    all_of_them = pieces[math.inf]
    worst = min(bound for bound, count in pieces.items() if count == all_of_them)
    print(f'  workers adopted it in {all_of_them} pieces; {all_of_them - pieces[0.001]} took more '
          f'than 1 ms, none more than {worst * 1e3:g} ms')


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


def make_all(daruma, much):
    """The same through the API: load balancers, listeners, rules and targets."""
    def arn_of(action, member, **arguments):
        answer = ask(daruma, action, **arguments)
        assert answer.status == 200, answer.text
        return answer.first(member)

    begin = time.perf_counter()
    for group, balancer in zip(much['TargetGroups'], much['LoadBalancers']):
        group_arn = arn_of('CreateTargetGroup', 'TargetGroupArn', Name=group['Name'],
                           Protocol='HTTP', Port='80', TargetType='ip')
        arn_of('RegisterTargets', '', TargetGroupArn=group_arn, **{
            f'Targets.member.{i + 1}.Id': target['Id']
            for i, target in enumerate(group['Targets'])})
        balancer_arn = arn_of('CreateLoadBalancer', 'LoadBalancerArn', Name=balancer['Name'])
        listener, = balancer['Listeners']
        forward = {'Actions.member.1.Type': 'forward', 'Actions.member.1.TargetGroupArn': group_arn}
        listener_arn = arn_of(
            'CreateListener', 'ListenerArn', LoadBalancerArn=balancer_arn, Protocol='HTTP',
            Port=str(listener['Port']), **{'Default' + key: forward[key] for key in forward})
        for rule in listener['Rules']:
            condition, = rule['Conditions']
            arn_of('CreateRule', 'RuleArn', ListenerArn=listener_arn,
                   Priority=str(rule['Priority']), **forward, **{
                       'Conditions.member.1.Field': condition['Field'],
                       'Conditions.member.1.Values.member.1': condition['Values'][0]})
    print(f'made through the API in {time.perf_counter() - begin:.0f} s')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('changes', type=int, nargs='?', default=100)
    parser.add_argument('--create', action='store_true',
                        help='make the 99 load balancers through the API, not in daruma.yaml')
    options = parser.parse_args()
    changes, declared = options.changes, much()
    with tempfile.TemporaryDirectory() as folder, \
            serve_api(folder, **({} if options.create else declared)) as daruma:
        if options.create:
            make_all(daruma, declared)
        balancer = ask(daruma, 'CreateLoadBalancer', Name='changed').first('LoadBalancerArn')
        listener = ask(daruma, 'CreateListener', LoadBalancerArn=balancer, Protocol='HTTP',
                       Port=str(daruma.configuration.http_port),
                       **{'Default' + key: value for key, value in FIXED.items()}
                       ).first('ListenerArn')
        rule = ask(daruma, 'CreateRule', ListenerArn=listener, Priority='1', **FIXED, **{
            'Conditions.member.1.Field': 'path-pattern',
            'Conditions.member.1.Values.member.1': '/0'}).first('RuleArn')
        before = adoption_times(daruma)
        with traffic(daruma.configuration.http_port):
            times = seconds_of(
                lambda i=i: ask(daruma, 'ModifyRule', RuleArn=rule, **{
                    'Conditions.member.1.Field': 'path-pattern',
                    'Conditions.member.1.Values.member.1': f'/{i + 1}'}) for i in range(changes))
        told('ModifyRule', times)
        told_adoption(before, adoption_times(daruma))
        told('DescribeRules', seconds_of(
            lambda: ask(daruma, 'DescribeRules', ListenerArn=listener) for _ in range(changes)))
        told('DescribeTargetGroups', seconds_of(
            lambda: ask(daruma, 'DescribeTargetGroups') for _ in range(changes)))
        describe_rate(daruma)
        print(f'resident {resident_kilobytes(daruma.pid) / 1024:.0f} MB')


if __name__ == '__main__':
    main()
