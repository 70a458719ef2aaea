# SPDX-License-Identifier: Apache-2.0
"""kill -9 while clients write: nothing that was answered is lost, and traffic resumes.

DARUMA_KILLS=1000 makes it a thousand rounds.
"""
import os
import random
import re
import threading
import time

import requests

from aws import ask, client, serve_api
from harness import Daruma, wait_until

ROUNDS = int(os.environ.get('DARUMA_KILLS', '8'))
SEED = int(os.environ.get('DARUMA_SEED', str(random.randrange(10**6))))


class Writer(threading.Thread):
    """Makes and deletes things in turn, and remembers what it was answered."""

    def __init__(self, daruma, index, there):
        super().__init__()
        self.daruma, self.index, self.there = daruma, index, there
        self.unsure = set()  # asked for, and not answered
        self.count = 0
        self.problem = None

    def run(self):
        try:
            while True:
                self.count += 1
                self.step()
        except requests.RequestException:
            pass  # the kill
        except Exception as problem:  # pylint: disable=broad-except
            self.problem = problem

    def ask(self, action, *names, **parameters):
        """Asks for a change of these; they are unsure until it is answered."""
        self.unsure.update(names)
        answer = ask(self.daruma, action, **parameters)
        assert answer.status == 200, answer.text
        self.unsure.difference_update(names)
        return answer


class GroupWriter(Writer):
    """Target groups."""

    def step(self):
        name = f'w{self.index}-{self.count % 7}'
        if name in self.there:
            self.ask('DeleteTargetGroup', name, TargetGroupArn=self.there[name])
            del self.there[name]
        else:
            self.there[name] = self.ask('CreateTargetGroup', name, Name=name, Protocol='HTTP',
                                        Port='80', TargetType='ip').first('TargetGroupArn')

    def check(self, kept):
        for name in {*self.there, *kept['group']} - self.unsure:
            if name.startswith(f'w{self.index}-'):
                assert kept['group'].get(name) == self.there.get(name), name
        return {name: arn for name, arn in kept['group'].items()
                if name.startswith(f'w{self.index}-')}


class TreeWriter(Writer):
    """A load balancer with a listener and a rule that forward to a group: four changes make it,
    and one takes three of them."""

    def step(self):
        there = self.there
        if 'group' not in there:
            there['group'] = self.ask('CreateTargetGroup', 'group', Name='tree', Protocol='HTTP',
                                      Port='80', TargetType='ip').first('TargetGroupArn')
        elif 'balancer' not in there:
            there['balancer'] = self.ask('CreateLoadBalancer', 'balancer',
                                         Name='tree').first('LoadBalancerArn')
        elif 'listener' not in there:
            there['listener'] = self.ask(
                'CreateListener', 'listener', LoadBalancerArn=there['balancer'], Protocol='HTTP',
                Port=str(self.daruma.configuration.https_port),
                **self.forward('DefaultActions')).first('ListenerArn')
        elif 'rule' not in there:
            there['rule'] = self.ask('CreateRule', 'rule', **{
                'ListenerArn': there['listener'], 'Priority': '5',
                'Conditions.member.1.Field': 'path-pattern',
                'Conditions.member.1.Values.member.1': '/a'},
                **self.forward('Actions')).first('RuleArn')
        else:
            self.ask('DeleteLoadBalancer', 'balancer', 'listener', 'rule',
                     LoadBalancerArn=there['balancer'])
            for name in ('balancer', 'listener', 'rule'):
                del there[name]

    def forward(self, name):
        return {f'{name}.member.1.Type': 'forward',
                f'{name}.member.1.TargetGroupArn': self.there['group']}

    def check(self, kept):
        found = {'group': kept['group'].get('tree'), 'balancer': kept['balancer'].get('tree')}
        if found['balancer']:
            found['listener'] = ask(self.daruma, 'DescribeListeners',
                                    LoadBalancerArn=found['balancer']).first('ListenerArn')
        if found.get('listener'):
            found['rule'] = ask(self.daruma, 'DescribeRules',
                                ListenerArn=found['listener']).first('RuleArn')
        found = {name: arn for name, arn in found.items()
                 if arn and not (name == 'rule' and arn.endswith('default'))}
        if 'rule' in found:
            text = ask(self.daruma, 'DescribeRules', ListenerArn=found['listener']).text
            if '<Priority>5</Priority>' not in text:
                del found['rule']
        for name in ('group', 'balancer', 'listener', 'rule'):
            if name not in self.unsure:
                assert found.get(name) == self.there.get(name), name
        if {'balancer', 'listener', 'rule'} <= self.unsure:  # all of it or nothing
            assert len({name in found for name in ('balancer', 'listener', 'rule')}) == 1
        return found


def kept_by(daruma):
    """Name → ARN of what is there."""
    def named(action, tag, part):
        return {arn.split('/')[part]: arn
                for arn in re.findall(f'<{tag}>(.*?)<', ask(daruma, action).text)}
    return {'group': named('DescribeTargetGroups', 'TargetGroupArn', 1),
            'balancer': named('DescribeLoadBalancers', 'LoadBalancerArn', 2)}


def test_nothing_answered_is_lost(tmp_path, processes):
    print('seed', SEED)
    chance = random.Random(SEED)
    daruma = processes.enter_context(serve_api(tmp_path / 'daruma'))
    elbv2 = client(daruma)
    balancer = elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]['LoadBalancerArn']
    elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol='HTTP', Port=daruma.configuration.http_port,
        DefaultActions=[{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '200'}}])
    there, answered, resumed = [{}, {}, {}], 0, []
    for number in range(ROUNDS):
        kinds = (GroupWriter, GroupWriter, TreeWriter)
        writers = [kind(daruma, index, there[index]) for index, kind in enumerate(kinds)]
        for writer in writers:
            writer.start()
        wait_until('writes are answered', lambda: sum(w.count for w in writers) > 3)
        time.sleep(chance.random() * 0.1)  # the moment of the kill is the test's chance
        daruma.kill()
        for writer in writers:
            writer.join()
            assert writer.problem is None, f'round {number}, seed {SEED}: {writer.problem}'
        answered += sum(writer.count - 1 for writer in writers)
        begin = time.monotonic()
        daruma = processes.enter_context(Daruma(daruma.configuration))
        assert daruma.get('/').status_code == 200
        resumed.append(time.monotonic() - begin)
        kept = kept_by(daruma)
        print('round', number)
        for index, writer in enumerate(writers):
            writer.daruma = daruma
            there[index] = writer.check(kept)
    print('answered', answered, 'resumed after at most', round(max(resumed), 3), 's')
    assert sorted(resumed)[len(resumed) // 2] < 1
