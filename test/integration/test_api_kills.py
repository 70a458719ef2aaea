# SPDX-License-Identifier: Apache-2.0
"""kill -9 while clients write: nothing that was answered is lost, and traffic resumes.

DARUMA_KILLS=1000 makes it a thousand rounds.
"""
import os
import random
import re
import statistics
import threading
import time
import uuid

import pytest
import requests

from aws import ask, client, serve_api
from harness import Daruma, new_session, wait_until

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
    """A load balancer with a listener and a rule that forwards to a group with a target: a change
    at a time makes it, more change what the listener answers, and one takes three of them."""
    target = None
    asked = None  # the answer that the listener was last asked to give

    def step(self):
        there = self.there
        if 'group' not in there:
            there['group'] = self.ask('CreateTargetGroup', 'group', Name='tree', Protocol='HTTP',
                                      Port='80', TargetType='ip').first('TargetGroupArn')
        elif 'target' not in there:
            self.ask('RegisterTargets', 'target', **{
                'TargetGroupArn': there['group'], 'Targets.member.1.Id': self.target.address,
                'Targets.member.1.Port': str(self.target.port)})
            there['target'] = self.target.name
        elif 'balancer' not in there:
            there['balancer'] = self.ask('CreateLoadBalancer', 'balancer',
                                         Name='tree').first('LoadBalancerArn')
        elif 'listener' not in there:
            there['listener'] = self.give_answer(
                'CreateListener', 'listener', LoadBalancerArn=there['balancer'], Protocol='HTTP',
                Port=str(self.port)).first('ListenerArn')
        elif 'rule' not in there:
            there['rule'] = self.ask('CreateRule', 'rule', **{
                'ListenerArn': there['listener'], 'Priority': '5',
                'Conditions.member.1.Field': 'path-pattern',
                'Conditions.member.1.Values.member.1': '/a', 'Actions.member.1.Type': 'forward',
                'Actions.member.1.TargetGroupArn': there['group']}).first('RuleArn')
        elif self.count % 4:
            self.give_answer('ModifyListener', ListenerArn=there['listener'])
        else:
            self.ask('DeleteLoadBalancer', 'balancer', 'listener', 'rule',
                     LoadBalancerArn=there['balancer'])
            for name in ('balancer', 'listener', 'rule'):
                del there[name]

    @property
    def port(self):
        return self.daruma.configuration.https_port

    def give_answer(self, action, *names, **parameters):
        """Asks for a listener that answers what none has answered before."""
        self.asked = str(uuid.uuid4())
        fixed = 'DefaultActions.member.1.FixedResponseConfig'
        answer = self.ask(action, 'answer', *names, **parameters, **{
            'DefaultActions.member.1.Type': 'fixed-response', f'{fixed}.StatusCode': '404',
            f'{fixed}.ContentType': 'text/plain', f'{fixed}.MessageBody': self.asked})
        self.there['answer'] = self.asked
        return answer

    def get(self, path):
        with new_session() as session:
            return session.get(f'http://127.0.0.1:{self.port}{path}', timeout=10)

    def check_traffic(self):
        """What of it is certain serves as it was acknowledged last."""
        if 'listener' in self.unsure:
            return
        if 'listener' not in self.there:
            with pytest.raises(requests.ConnectionError):
                self.get('/')
            return
        self.check_answer()
        if 'rule' in self.there and 'rule' not in self.unsure:
            assert self.get('/a').status_code == 200  # its target's

    def check_answer(self):
        """The answer of the listener, which may be the one that was asked for last."""
        answer = self.get('/').text
        assert answer == self.there.get('answer') or (
            'answer' in self.unsure and answer == self.asked), answer
        return answer

    def check(self, kept):
        found = {'group': kept['group'].get('tree'), 'balancer': kept['balancer'].get('tree')}
        if found['group']:
            found['target'] = self.target.name if f'<Id>{self.target.address}</Id>' in ask(
                self.daruma, 'DescribeTargetHealth', TargetGroupArn=found['group']).text else None
        if found['balancer']:
            found['listener'] = ask(self.daruma, 'DescribeListeners',
                                    LoadBalancerArn=found['balancer']).first('ListenerArn')
        if found.get('listener'):
            rules = ask(self.daruma, 'DescribeRules', ListenerArn=found['listener'])
            if '<Priority>5</Priority>' in rules.text:
                found['rule'] = rules.first('RuleArn')
        found = {name: arn for name, arn in found.items() if arn}
        for name in ('group', 'target', 'balancer', 'listener', 'rule'):
            if name not in self.unsure:
                assert found.get(name) == self.there.get(name), name
        if {'balancer', 'listener', 'rule'} <= self.unsure:  # all of it or nothing
            assert len({name in found for name in ('balancer', 'listener', 'rule')}) == 1
        if 'listener' in found:
            found['answer'] = self.check_answer()
        return found


def kept_by(daruma):
    """Name → ARN of what is there."""
    def named(action, tag, part):
        return {arn.split('/')[part]: arn
                for arn in re.findall(f'<{tag}>(.*?)<', ask(daruma, action).text)}
    return {'group': named('DescribeTargetGroups', 'TargetGroupArn', 1),
            'balancer': named('DescribeLoadBalancers', 'LoadBalancerArn', 2)}


def seconds_of_a_fresh_start(folder):
    """How long a daruma without any state needs on this machine, as busy as it is."""
    begin = time.monotonic()
    with serve_api(folder):
        return time.monotonic() - begin


def test_nothing_answered_is_lost(tmp_path, processes, start_targets):
    print('seed', SEED)
    chance = random.Random(SEED)
    TreeWriter.target, = start_targets(1)
    daruma = processes.enter_context(serve_api(tmp_path / 'daruma'))
    elbv2 = client(daruma)
    balancer = elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]['LoadBalancerArn']
    elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol='HTTP', Port=daruma.configuration.http_port,
        DefaultActions=[{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '200'}}])
    there, answered, resumed, fresh = [{}, {}, {}], 0, [], []
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
        for writer in writers:
            writer.daruma = daruma
        assert daruma.get('/').status_code == 200
        writers[-1].check_traffic()
        resumed.append(time.monotonic() - begin)
        kept = kept_by(daruma)
        print('round', number)
        there = [writer.check(kept) for writer in writers]
        if number % (ROUNDS // 8 or 1) == 0:
            fresh.append(seconds_of_a_fresh_start(tmp_path / f'fresh-{number}'))
    print('answered', answered, 'resumed after at most', round(max(resumed), 3), 's, median',
          round(statistics.median(resumed), 3), 's; an empty node starts within',
          round(max(fresh), 3), 's, median', round(statistics.median(fresh), 3), 's')
    assert statistics.median(resumed) < 1
    # Each of them; unless the machine is so busy that an empty node needs a third of a second.
    assert max(resumed) < max(1, 3 * max(fresh))
