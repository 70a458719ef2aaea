# SPDX-License-Identifier: Apache-2.0
"""Start, reload, drain, stop, and what is said when one of them cannot be done."""
import contextlib
import os
import resource
import signal
import socket
import threading

import pytest

from harness import (DARUMA, Configuration, Daruma, Process, read_all, read_until, run,
                     target_group, wait_until)

pytestmark = pytest.mark.threads


def answer_by_rule(daruma, path):
    """From now on every listener answers "new" there by itself."""
    rule = {
        'Priority': 1, 'Conditions': [{'Field': 'path-pattern', 'Values': [path]}],
        'Actions': [{'Type': 'fixed-response', 'FixedResponseConfig': {
            'StatusCode': '200', 'ContentType': 'text/plain', 'MessageBody': 'new'}}]}
    for listener in daruma.configuration.load_balancer['Listeners']:
        listener['Rules'] = [rule]
    daruma.configuration.write()
    daruma.send(signal.SIGHUP)
    wait_until('the new rule serves', lambda: daruma.get(path).text == 'new')


def test_sighup_applies_a_changed_file_without_dropping_a_connection(start_targets, serve):
    daruma = serve(start_targets(1))
    with daruma.connect() as kept:
        kept.sendall(b'GET /bytes/3 HTTP/1.1\r\nHost: a\r\n\r\n')
        read_until(kept, b'\r\n\r\nabc')
        answer_by_rule(daruma, '/new')
        kept.sendall(b'GET /new HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        assert read_all(kept).endswith(b'new')


def test_a_request_under_way_finishes_under_the_old_rule(start_targets, serve):
    target, = start_targets(1)
    daruma = serve([target])
    with daruma.connect() as connection:
        connection.sendall(b'GET /slow/2000 HTTP/1.1\r\nHost: a\r\n\r\n')
        wait_until('it is at the target',
                   lambda: daruma.metric('daruma_target_requests_in_flight') == 1)
        answer_by_rule(daruma, '/slow/*')
        daruma.wait_for_metric('daruma_target_requests_in_flight', equal=1)
        assert f'X-Target: {target.name}'.encode() in read_until(connection, b'\r\n\r\n')
        connection.sendall(b'GET /slow/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        assert read_all(connection).endswith(b'new')


def test_an_invalid_file_changes_nothing_and_says_why(start_targets, serve):
    daruma = serve(start_targets(1))
    daruma.configuration.load_balancer['Listeners'][0]['Protocol'] = 'GOPHER'
    daruma.configuration.write()

    answer = daruma.reload()
    assert answer.returncode == 1
    assert 'daruma.yaml:' in answer.stdout + answer.stderr
    assert 'GOPHER' in answer.stdout + answer.stderr

    daruma.send(signal.SIGHUP)
    wait_until('the log says why', lambda: 'GOPHER' in daruma.output())
    assert daruma.get('/').status_code == 200


def test_a_reload_keeps_pools_and_health(start_targets, serve):
    target, = start_targets(1)
    daruma = serve([target], workers=1)
    assert daruma.get('/').status_code == 200
    connections = daruma.metric('daruma_target_connections_total')
    answer = daruma.reload()
    assert answer.returncode == 0, answer.stderr
    assert daruma.health() == {target.name: 'healthy'}
    assert daruma.get('/').status_code == 200
    daruma.wait_for_metric('daruma_target_connections_total', equal=connections)


def test_reloads_asked_for_while_a_file_is_read_are_one(start_targets, serve):
    daruma = serve(start_targets(1))
    file = daruma.configuration.file
    text = file.read_bytes()
    before = daruma.metric('daruma_config_loads_total', result='applied')
    file.unlink()
    os.mkfifo(file)
    daruma.send(signal.SIGHUP)

    def opened():  # once somebody reads it
        with contextlib.suppress(OSError):
            return os.open(file, os.O_WRONLY | os.O_NONBLOCK)

    pipe = wait_until('the file is being read', opened)
    with contextlib.ExitStack() as stack:
        asking = [stack.enter_context(daruma.connect_admin()) for _ in range(5)]
        for connection in asking:
            connection.sendall(b'POST /reload HTTP/1.1\r\nHost: localhost\r\n'
                               b'Connection: close\r\nContent-Length: 0\r\n\r\n')
        daruma.configuration.write()
        os.write(pipe, text)
        os.close(pipe)
        for connection in asking:
            assert read_all(connection).startswith(b'HTTP/1.1 200 ')
    daruma.wait_for_metric('daruma_config_loads_total', equal=before + 2, result='applied')


def test_reload_of_nobody_says_so():
    answer = run([DARUMA, 'reload', '--admin', '127.0.0.1:1'])
    assert answer.returncode == 1
    assert '127.0.0.1:1' in answer.stderr


def test_a_reload_knows_whether_a_daruma_answered(tmp_path, start_targets):
    """A sample target answers every POST with 200; so may whatever else has the port."""
    target, = start_targets(1)
    answer = run([DARUMA, 'reload', '--admin', target.name])
    assert answer.returncode == 1
    assert 'not that of a daruma' in answer.stderr


def test_sigterm_lets_requests_finish_and_exits_0(start_targets, serve):
    daruma = serve(start_targets(1))
    answers = []
    slow = threading.Thread(target=lambda: answers.append(daruma.get('/slow/1000')))
    with daruma.connect() as idle:
        slow.start()
        wait_until('the request is under way',
                   lambda: daruma.metric('daruma_target_requests_in_flight') == 1)
        daruma.send(signal.SIGTERM)
        assert idle.recv(1) == b''  # closed at once: nothing was under way
        assert daruma.wait(20) == 0
    slow.join()
    assert answers[0].status_code == 200
    assert answers[0].headers['Connection'] == 'close'


def test_clients_that_take_nothing_do_not_hold_up_the_stop(start_targets, serve):
    daruma = serve(start_targets(1))
    with daruma.connect() as plain, daruma.connect(tls=True) as secure:
        for deaf in (plain, secure):
            deaf.sendall(b'GET /bytes/100000000 HTTP/1.1\r\nHost: a\r\n\r\n')
        wait_until('both answers are under way',
                   lambda: daruma.metric('daruma_target_requests_in_flight') == 2)
        daruma.send(signal.SIGTERM)
        # 30 s to drain, and then less than the 5 s after which a thread counts as stuck.
        assert daruma.wait(45) == 0
        assert 'does not stop' not in daruma.output()


def test_a_second_signal_stops_at_once(start_targets, serve):
    daruma = serve(start_targets(1))
    with daruma.connect() as client:
        client.sendall(b'GET /slow/60000 HTTP/1.1\r\nHost: a\r\n\r\n')
        wait_until('the request is under way',
                   lambda: daruma.metric('daruma_target_requests_in_flight') == 1)
        daruma.send(signal.SIGTERM)
        wait_until('draining', lambda: 'drain' in daruma.output())
        daruma.send(signal.SIGINT)
        assert daruma.wait(5) == 1


def test_a_second_signal_ends_a_process_whose_disk_hangs(start_targets, serve):
    daruma = serve(start_targets(1))
    wait_until('a log line', lambda: daruma.get('/') and daruma.log_lines())
    log, = (daruma.folder / 'logs').glob('access_log_*.log')
    fifo = log.with_suffix('.fifo')
    os.mkfifo(fifo)
    fifo.rename(log)  # opening it waits for a reader, for ever
    daruma.get('/')
    daruma.send(signal.SIGTERM)
    wait_until('draining', lambda: 'drain' in daruma.output())
    daruma.send(signal.SIGTERM)
    # ThreadSanitizer's own end may wait for the thread: there the alarm behind it ends the process.
    ends = {1, -signal.SIGALRM} if 'TSAN_OPTIONS' in os.environ else {1}
    assert daruma.wait(5) in ends
    assert 'some thread does not stop' in daruma.output()


def test_a_standard_error_that_nobody_reads_holds_up_nothing(tmp_path, start_targets, processes):
    fifo = tmp_path / 'unread'
    os.mkfifo(fifo)
    unread = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    processes.callback(os.close, unread)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(unread, b'x' * 4096)

    configuration = Configuration(tmp_path / 'daruma', [target_group(start_targets(1))])
    daruma = processes.enter_context(
        Daruma(configuration, wrapper=['sh', '-c', f'exec "$@" 2>{fifo}', 'sh']))
    configuration.load_balancer['Listeners'][0]['Protocol'] = 'GOPHER'
    configuration.write()
    assert daruma.reload().returncode == 1  # and the log has nowhere to say why
    assert daruma.get('/').status_code == 200
    assert daruma.ask_admin('/healthz').status_code == 200
    daruma.send(signal.SIGTERM)
    assert daruma.wait(20) == 0


def test_an_invalid_file_at_start_is_explained(tmp_path):
    file = tmp_path / 'daruma.yaml'
    file.write_text('LoadBalancers: [{Name: web, Colour: red}]\n')
    answer = run([DARUMA, 'serve', '--config', file])
    assert answer.returncode == 1
    assert f'{file}:1:' in answer.stderr
    assert 'Colour' in answer.stderr


def test_clients_leave_descriptors_for_the_rest(start_targets, tmp_path, processes):
    target, = start_targets(1)
    few = ['prlimit', '--nofile=300:300']
    daruma = processes.enter_context(
        Daruma(Configuration(tmp_path / 'daruma', [target_group([target])]), workers=1,
               wrapper=few))
    assert 'raise ulimit -n' in daruma.output()
    with contextlib.ExitStack() as clients:
        for _ in range(40):
            clients.enter_context(daruma.connect())
        wait_until('33 of them are in, (300 - 256) / 4 * 3, and the others are counted',
                   lambda: daruma.metric('daruma_listener_connections_rejected_total') == 7)
    wait_until('they have left', lambda: daruma.metric('daruma_listener_connections_active') == 0)
    assert daruma.get('/').status_code == 200


def test_a_client_that_finds_no_descriptor_waits(start_targets, serve):
    daruma = serve(start_targets(1), workers=1)
    with daruma.connect() as kept:
        kept.sendall(b'GET /bytes/3 HTTP/1.1\r\nHost: a\r\n\r\n')
        read_until(kept, b'\r\n\r\nabc')
        before = resource.prlimit(daruma.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(daruma.pid, resource.RLIMIT_NOFILE, (3, before[1]))
        with daruma.connect() as late:
            late.sendall(b'GET /bytes/3 HTTP/1.1\r\nHost: a\r\n\r\n')
            wait_until('the log tells', lambda: 'cannot accept connections' in daruma.output())
            resource.prlimit(daruma.pid, resource.RLIMIT_NOFILE, before)
            read_until(late, b'\r\n\r\nabc')
    daruma.wait_for_metric('daruma_listener_accept_errors_total', at_least=1)


def test_a_data_directory_has_one_daruma(start_targets, serve):
    daruma = serve(start_targets(1))
    other = Configuration(daruma.folder.parent / 'other', [target_group([])])
    answer = run([DARUMA, 'serve', '--config', other.file, '--data', daruma.folder / 'data'])
    assert answer.returncode == 1
    assert f'{daruma.folder}/data is another running daruma' in answer.stderr


def test_a_reload_to_a_port_in_use_is_refused(start_targets, serve):
    """Also to one that would be shared: listening sockets of the same user with SO_REUSEPORT."""
    daruma = serve(start_targets(1))
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(('127.0.0.1', 0))
        other.listen()
        daruma.configuration.load_balancer['Listeners'][0]['Port'] = other.getsockname()[1]
        daruma.configuration.write()
        answer = daruma.reload()
        taken = other.getsockname()[1]
    assert answer.returncode == 1
    assert f'cannot listen on 127.0.0.1:{taken}' in answer.stderr
    assert 'nothing changed' in answer.stderr
    assert daruma.get('/').status_code == 200
    assert daruma.ask_admin('/healthz').status_code == 200
    assert daruma.reload().returncode == 0, 'the port has become free'


def test_an_invalid_file_may_give_way_to_the_last_good_one(start_targets, serve, processes):
    daruma = serve(start_targets(1))
    assert daruma.stop() == 0
    configuration = daruma.configuration
    configuration.file.write_text('LoadBalancers: [{Name: web, Colour: red}]\n')
    again = processes.enter_context(Daruma(configuration, options=['--last-good']))
    assert again.get('/').status_code == 200
    assert 'Colour' in again.output()
    again.wait_for_metric('daruma_config_last_load_success', equal=0)


@pytest.mark.parametrize('which', ['listener', 'admin'])
def test_a_port_in_use_at_start_is_named(tmp_path, which):
    configuration = Configuration(tmp_path, [target_group([])])
    port = configuration.http_port if which == 'listener' else configuration.admin_port
    with socket.socket() as other:
        other.bind(('127.0.0.1', port))
        other.listen()
        with Process([DARUMA, 'serve', '--config', configuration.file], tmp_path / 'log') as daruma:
            assert daruma.wait(20) == 1
            assert f'127.0.0.1:{port}' in daruma.output()


def test_version_names_the_release_and_the_tls_library():
    answer = run([DARUMA, 'version'])
    assert answer.returncode == 0
    assert answer.stdout.startswith('daruma ')
    assert 'OpenSSL' in answer.stdout or 'AWS-LC' in answer.stdout


@pytest.mark.parametrize('words, code', [
    (['--help'], 0), (['serve', '--help'], 0), ([], 2), (['serve'], 2), (['bogus'], 2),
])
def test_exit_codes_of_the_command_line(words, code):
    assert run([DARUMA, *words]).returncode == code
