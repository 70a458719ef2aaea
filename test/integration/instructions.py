# SPDX-License-Identifier: Apache-2.0
"""One worker before one target, what is asked of it, and the user instructions that it takes.

Usage: test/integration/instructions.py    prints those of four kinds of requests, as JSON; of
build/release/daruma, or of $DARUMA (daruma_load is expected beside it).
"""
import contextlib
import json
import re
import tempfile
from pathlib import Path

from harness import LOAD, Configuration, Daruma, Target, program, run, target_group


def load(port, requests, connections=100, tls=False, path='/bytes/1024'):
    """Runs the load generator; its report."""
    done = run([LOAD, '--port', port, '--requests', requests, '--connections', connections,
                '--path', path, *(['--tls'] if tls else [])], 300)
    report = json.loads(done.stdout)
    assert done.returncode == 0 and report['statuses'] == {'200': requests}, report
    return report


def h2load(daruma, requests):
    """So many requests over ten connections with ten streams each."""
    done = run([program('h2load'), '-n', requests, '-c', 10, '-m', 10,
                daruma.https + '/bytes/1024'], 300)
    assert f'status codes: {requests} 2xx' in done.stdout, done.stdout


def port_of(daruma, tls):
    return daruma.configuration.https_port if tls else daruma.configuration.http_port


@contextlib.contextmanager
def one_worker(folder, tls, wrapper=(), guarded=True, logged=False):
    """A balancer with one worker before one target, both speaking TLS or neither. As the peers were
    measured it has no access log."""
    attributes = {'daruma.saturation_guard.enabled': str(guarded).lower()}
    with Target(folder, tls=tls) as target:
        configuration = Configuration(folder / 'daruma',
                                      [target_group([target], Attributes=attributes)],
                                      attributes={'access_logs.s3.enabled': logged})
        with Daruma(configuration, workers=1, wrapper=wrapper) as daruma:
            yield daruma


def instructions(folder, serve, **how):
    """User instructions of a process that serves: of all its threads but the first, control, whose
    work is by time and not by request."""
    folder.mkdir(parents=True)
    wrapper = [program('valgrind'), '--tool=callgrind', '--separate-threads=yes',
               f'--callgrind-out-file={folder}/callgrind.out']
    with one_worker(folder, wrapper=wrapper, **how) as daruma:
        serve(daruma)
        assert daruma.stop(120) == 0
    threads = sorted(folder.glob('callgrind.out-*'))
    assert len(threads) >= 3 and threads[0].name == 'callgrind.out-01', threads
    return sum(int(re.search(r'^(?:totals|summary): (\d+)', each.read_text(), re.M).group(1))
               for each in threads[1:])


def per_request(folder, few, many, serve, **how):
    """What one more request takes. serve(daruma, requests)."""
    def count(requests):
        return instructions(folder / f'{requests}', lambda daruma: serve(daruma, requests), **how)
    return (count(many) - count(few)) / (many - few)


def per_plain_request(folder, **how):
    return per_request(folder, 1000, 5000, tls=False, **how, serve=lambda daruma, requests: load(
        port_of(daruma, False), requests, connections=20))


def per_logged_request(folder):
    """A plain one, with its line in the access log; the thread that writes these included."""
    return per_plain_request(folder, logged=True)


def per_encrypted_request(folder):
    """HTTPS to HTTPS; OpenSSL included."""
    return per_request(folder, 1000, 5000, tls=True, serve=lambda daruma, requests: load(
        port_of(daruma, True), requests, connections=20, tls=True))


def per_http2_request(folder):
    """With TLS towards the client; nghttp2 and OpenSSL included."""
    return per_request(folder, 1000, 4000, tls=False, serve=h2load)


def main():
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps({name: round(measure(Path(folder) / name)) for name, measure in (
            ('plain', per_plain_request), ('logged', per_logged_request),
            ('encrypted', per_encrypted_request), ('http2', per_http2_request))}))


if __name__ == '__main__':
    main()
