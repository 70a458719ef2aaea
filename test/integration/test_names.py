# SPDX-License-Identifier: Apache-2.0
"""Targets that are host names, with a name server whose answers change."""
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import Configuration, Daruma, Ports, Target, target_group, wait_until
from name_server import A, AAAA, NameServer

NAME = 'app.daruma.test'
# A look-up is due when the TTL of 1 s is over; the rest is for a busy machine.
SOON = 4


@pytest.fixture
def server(processes):
    return processes.enter_context(NameServer())


@pytest.fixture
def start(tmp_path, processes, server):
    """start(addresses …, names=…): daruma whose targets are `names`, and listening targets."""
    def start(*addresses, names=(NAME,)):
        port = Ports.take(addresses[0])
        for address in addresses:
            processes.enter_context(Target(tmp_path, address, port))
        group = target_group([{'Id': name, 'Port': port} for name in names])
        configuration = Configuration(tmp_path / 'daruma', [group])
        configuration.value['Node']['Resolvers'] = [server.name]
        configuration.write()
        return processes.enter_context(Daruma(configuration))
    return start


def addresses_of(daruma, name=NAME):
    """What the target's name stands for now, without the port."""
    for group in daruma.ask_admin('/targets').json()['TargetGroups']:
        for target in group['TargetHealthDescriptions']:
            if target['Target']['Id'] == name:
                return {each.rsplit(':', 1)[0] for each in target['Addresses']}
    raise AssertionError(f'{name} is no target')


def who_answers(daruma, requests=12):
    """Side by side: each needs a connection, and those go to the addresses in turn."""
    with ThreadPoolExecutor(requests) as pool:
        answers = list(pool.map(lambda _: daruma.get('/slow/100'), range(requests)))
    assert {answer.status_code for answer in answers} == {200}
    return {answer.headers['X-Target'].rsplit(':', 1)[0] for answer in answers}


def wait_for(daruma, addresses, seconds=SOON):
    wait_until(f'{addresses} and nobody else answer',
               lambda: addresses_of(daruma) == addresses and who_answers(daruma) == addresses,
               seconds)


def test_a_name_moves_when_its_ttl_is_over(server, start):
    server.set(NAME, '127.0.0.2', ttl=1)
    daruma = start('127.0.0.2', '127.0.0.3')
    wait_for(daruma, {'127.0.0.2'})
    server.set(NAME, '127.0.0.3', ttl=1)
    wait_for(daruma, {'127.0.0.3'})


def test_a_set_grows_and_shrinks(server, start):
    server.set(NAME, '127.0.0.2')
    daruma = start('127.0.0.2', '127.0.0.3', '127.0.0.4')
    wait_for(daruma, {'127.0.0.2'})
    server.set(NAME, '127.0.0.2', '127.0.0.3', '127.0.0.4')
    wait_for(daruma, {'127.0.0.2', '127.0.0.3', '127.0.0.4'})
    server.set(NAME, '127.0.0.3', '127.0.0.4')
    wait_for(daruma, {'127.0.0.3', '127.0.0.4'})
    server.set(NAME, '127.0.0.2')
    wait_for(daruma, {'127.0.0.2'})


def test_an_alias_is_followed_when_its_own_ttl_is_over(server, start):
    server.set_alias(NAME, 'blue.daruma.test', ttl=1)
    server.set('blue.daruma.test', '127.0.0.2', ttl=300)
    server.set('green.daruma.test', '127.0.0.3', ttl=300)
    daruma = start('127.0.0.2', '127.0.0.3')
    wait_for(daruma, {'127.0.0.2'})
    server.set_alias(NAME, 'green.daruma.test', ttl=1)
    wait_for(daruma, {'127.0.0.3'})


def test_a_set_too_long_for_udp_is_asked_for_by_tcp(server, start):
    many = [f'127.0.1.{i}' for i in range(1, 101)]
    server.set(NAME, *many)
    daruma = start('127.0.0.2')
    wait_until('all addresses', lambda: addresses_of(daruma) == set(many), SOON)
    assert server.by_tcp > 0


def test_each_name_has_its_own_ttl(server, start):
    server.set(NAME, '127.0.0.2', ttl=1)
    server.set('steady.daruma.test', '127.0.0.3', ttl=300)
    daruma = start('127.0.0.2', '127.0.0.3', names=(NAME, 'steady.daruma.test'))
    wait_until('the short-lived name was asked five times', lambda: server.times_asked(NAME) >= 5)
    assert server.times_asked('steady.daruma.test') == 1
    assert addresses_of(daruma, 'steady.daruma.test') == {'127.0.0.3'}


@pytest.mark.parametrize('trouble', ['fails', 'is gone'])
def test_the_last_addresses_stay_while_look_ups_fail(server, start, trouble):
    server.set(NAME, '127.0.0.2')
    daruma = start('127.0.0.2', '127.0.0.3')
    wait_for(daruma, {'127.0.0.2'})
    if trouble == 'fails':
        server.fail(NAME, A, AAAA)
    else:
        server.forget(NAME)
    asked = server.times_asked(NAME)
    wait_until('it was asked in vain', lambda: "cannot resolve a target's name" in daruma.output())
    wait_until('it is asked again', lambda: server.times_asked(NAME) >= asked + 3)
    assert who_answers(daruma) == {'127.0.0.2'}
    server.set(NAME, '127.0.0.3')
    server.fail(NAME)
    wait_for(daruma, {'127.0.0.3'}, 20)


def test_half_an_answer_takes_nothing_away(server, start):
    server.set(NAME, '127.0.0.2', '::1')
    daruma = start('127.0.0.2')
    wait_until('both families', lambda: addresses_of(daruma) == {'127.0.0.2', '[::1]'}, SOON)
    server.fail(NAME, A)
    asked = server.times_asked(NAME, AAAA)
    wait_until('some half answers', lambda: server.times_asked(NAME, AAAA) >= asked + 3)
    assert addresses_of(daruma) == {'127.0.0.2', '[::1]'}
    server.set(NAME, '::1')
    server.fail(NAME)
    wait_until('the name has no IPv4 address', lambda: addresses_of(daruma) == {'[::1]'}, SOON)


def test_names_of_etc_hosts_are_not_asked_of_a_server(server, start):
    server.set('localhost', '127.0.0.2')
    daruma = start('127.0.0.1', names=('localhost',))
    wait_until('localhost has an address', lambda: addresses_of(daruma, 'localhost'))
    assert addresses_of(daruma, 'localhost') <= {'127.0.0.1', '[::1]'}
    assert server.times_asked('localhost') == 0


def test_other_resolvers_are_asked_after_a_reload(server, start, processes):
    server.set(NAME, '127.0.0.2')
    daruma = start('127.0.0.2', '127.0.0.3')
    wait_for(daruma, {'127.0.0.2'})
    other = processes.enter_context(NameServer())
    other.set(NAME, '127.0.0.3')
    daruma.configuration.value['Node']['Resolvers'] = [other.name]
    daruma.configuration.write()
    daruma.reload()
    wait_for(daruma, {'127.0.0.3'})
