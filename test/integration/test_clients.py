# SPDX-License-Identifier: Apache-2.0
"""What people put in front of a load balancer behaves as in front of any other."""
import re
import subprocess

from harness import (Configuration, Daruma, Target, chromium, letters, new_session, run,
                     target_group, wait_until)


def test_curl_over_tls_1_2_and_1_3(site):
    for version in ('--tls-max 1.2', '--tlsv1.3'):
        answer = run(['curl', '-sk', *version.split(), '--fail', site.https + '/bytes/100000'])
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.encode() == letters(100_000)


def test_curl_uploads_with_expect_continue(site, tmp_path):
    upload = tmp_path / 'upload'
    upload.write_bytes(letters(3_000_000))
    answer = run(['curl', '-sk', '--fail', '-H', 'Expect: 100-continue', '-T', upload, '-i',
                  site.https + '/'])
    assert answer.returncode == 0, answer.stderr
    assert 'x-body-bytes: 3000000' in answer.stdout.lower()


def test_python_requests_keeps_its_connection(site):
    with new_session() as session:
        for _ in range(50):
            assert session.get(site.https + '/bytes/1000').content == letters(1000)


def test_ab(site):
    for url in (site.http, site.https):
        answer = run(['ab', '-q', '-k', '-n', '2000', '-c', '20', url + '/bytes/500'])
        assert answer.returncode == 0, answer.stderr
        assert re.search(r'Complete requests:\s+2000', answer.stdout)
        assert re.search(r'Failed requests:\s+0', answer.stdout)
        assert 'Non-2xx' not in answer.stdout


def test_wrk(site):
    for url in (site.http, site.https):
        answer = run(['wrk', '-t', '1', '-c', '20', '-d', '2', url + '/bytes/500'])
        assert answer.returncode == 0, answer.stderr
        assert 'Socket errors' not in answer.stdout
        assert 'Non-2xx' not in answer.stdout
        assert float(re.search(r'Requests/sec:\s+([\d.]+)', answer.stdout).group(1)) > 0


def netcat(site, options, path):
    """What netcat prints for one request that asks for the connection to be closed."""
    return subprocess.run(
        ['nc', *options, '-w', '10', '127.0.0.1', str(site.configuration.http_port)],
        input=f'GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'.encode(),
        capture_output=True, timeout=30, check=True).stdout


def test_netcat(site):
    answer = netcat(site, [], '/bytes/26')
    assert answer.startswith(b'HTTP/1.1 200 ')
    assert answer.endswith(letters(26))


def test_netcat_that_shuts_its_side_down_has_gone_away_as_before_nginx(site):
    assert netcat(site, ['-N'], '/slow/2000') == b''
    wait_until('the log tells', lambda: [
        line for line in site.log_lines() if '/slow/2000' in line and ' 460 ' in line
        and '"client_closed"' in line])


def test_chromium(site, tmp_path):
    answer = run(chromium(tmp_path / 'profile', '--dump-dom', site.https + '/from-chromium'),
                 seconds=120)
    assert answer.returncode == 0, answer.stderr
    assert 'GET /from-chromium HTTP/1.1' in answer.stdout
    assert 'sec-fetch-mode: navigate' in answer.stdout


def beside_slow_clients(url, mode, get):
    """Runs slowhttptest; meanwhile everybody else is served, and in the end it is cut off."""
    attack = subprocess.Popen(
        ['slowhttptest', *mode, '-i', '5', '-l', '30', '-p', '5', '-u', url],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for _ in range(100):
            assert get().status_code == 200
        output, _ = attack.communicate(timeout=60)
    finally:
        attack.kill()
        attack.wait()
    plain = re.sub(r'\x1b\[[0-9;]*m', '', output)
    states = re.findall(r'service available:\s+(\w+)', plain)
    assert states and set(states) == {'YES'}, plain
    assert 'No open connections left' in plain, plain


def test_slow_heads_cannot_keep_others_out(site):
    beside_slow_clients(site.http + '/', ['-H', '-c', '200', '-r', '200'],
                        lambda: site.get('/', timeout=5))


def test_slow_bodies_cannot_keep_others_out(tmp_path):
    """They would hold all workers of the target, each for as long as it likes."""
    with Target(tmp_path, options=['--workers', '4']) as target, \
            Daruma(Configuration(tmp_path / 'daruma', [target_group([target])])) as daruma, \
            new_session() as session:
        daruma.wait_for_health({target.name: 'healthy'})
        beside_slow_clients(
            daruma.http + '/', ['-B', '-c', '40', '-r', '40', '-s', '8192', '-x', '10'],
            lambda: session.get(daruma.http + '/', timeout=5))
        daruma.wait_for_metric('daruma_listener_reasons_total', at_least=1,
                               reason='request_body_too_slow')
