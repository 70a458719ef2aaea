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
    """Makes and deletes target groups, and remembers what it was answered."""

    def __init__(self, daruma, index, there):
        super().__init__()
        self.daruma, self.index, self.there = daruma, index, there
        self.unsure = set()  # asked for, and not answered
        self.count = 0

    def run(self):
        try:
            while True:
                self.step()
        except requests.RequestException:
            pass

    def step(self):
        self.count += 1
        name = f'w{self.index}-{self.count % 7}'
        self.unsure.add(name)
        if name in self.there:
            answer = ask(self.daruma, 'DeleteTargetGroup', TargetGroupArn=self.there[name])
            assert answer.status == 200, answer.text
            del self.there[name]
        else:
            answer = ask(self.daruma, 'CreateTargetGroup', Name=name, Protocol='HTTP', Port='80',
                         TargetType='ip')
            assert answer.status == 200, answer.text
            self.there[name] = answer.first('TargetGroupArn')
        self.unsure.discard(name)


def groups(daruma):
    text = ask(daruma, 'DescribeTargetGroups').text
    return {arn.split('/')[1]: arn for arn in re.findall('<TargetGroupArn>(.*?)<', text)}


def test_nothing_answered_is_lost(tmp_path, processes):
    print('seed', SEED)
    chance = random.Random(SEED)
    daruma = processes.enter_context(serve_api(tmp_path / 'daruma'))
    elbv2 = client(daruma)
    balancer = elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]['LoadBalancerArn']
    elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol='HTTP', Port=daruma.configuration.http_port,
        DefaultActions=[{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '200'}}])
    there, answered = [{}, {}], 0
    for number in range(ROUNDS):
        writers = [Writer(daruma, index, known) for index, known in enumerate(there)]
        for writer in writers:
            writer.start()
        wait_until('writes are answered', lambda: sum(w.count for w in writers) > 2)
        time.sleep(chance.random() * 0.1)  # the moment of the kill is the test's chance
        daruma.kill()
        for writer in writers:
            writer.join()
        answered += sum(writer.count for writer in writers)
        daruma = processes.enter_context(Daruma(daruma.configuration))
        assert daruma.get('/').status_code == 200
        kept = groups(daruma)
        for writer, known in zip(writers, there):
            for name in {*known, *kept}:
                if not name.startswith(f'w{writer.index}-') or name in writer.unsure:
                    continue
                assert kept.get(name) == known.get(name), f'round {number}, seed {SEED}: {name}'
            known.clear()
            known.update({name: arn for name, arn in kept.items()
                          if name.startswith(f'w{writer.index}-')})
    print('answered', answered)
