# SPDX-License-Identifier: Apache-2.0
"""A browser at work, while the configuration changes under it."""
import asyncio
import json
import queue
import threading
from http import HTTPStatus

import pytest

from harness import Process, chromium, wait_until
from websocket_targets import Echo

pytestmark = pytest.mark.threads

SCRIPT = '''
const failures = [];
let rounds = 0, echoes = 0, over = false;
const socket = new WebSocket(`wss://${location.host}/socket`);
socket.onopen = () => socket.send('0');
socket.onerror = () => failures.push('socket failed');
socket.onclose = event => over || failures.push('socket closed: ' + event.code);
socket.onmessage = event => {
  if (event.data === 'enough') over = true;
  else if (event.data !== String(echoes)) failures.push(`${event.data}, not ${echoes}`);
  else setTimeout(() => socket.send(String(++echoes)), 5);
};
async function picture(i) {
  try {
    const answer = await fetch(`/picture/${i}?${rounds}`, {cache: 'no-store'});
    if (answer.status !== 200 || await answer.text() !== PICTURE)
      failures.push(`picture ${i}: ${answer.status}`);
  } catch (error) {
    failures.push(`picture ${i}: ${error}`);
  }
}
onload = async () => {
  const shown = [...document.images].filter(image => image.naturalWidth == 3).length;
  while (!over || rounds < 3) {
    await Promise.all([...Array(100).keys()].map(picture));
    ++rounds;
    await new Promise(done => setTimeout(done, 100));
  }
  socket.send('result ' + JSON.stringify({shown, rounds, echoes, failures}));
};
'''
PICTURE = ('<svg xmlns="http://www.w3.org/2000/svg" width="3" height="3">'
           '<rect width="3" height="3"/></svg>')


class Site(Echo):
    """A page of a hundred pictures which asks for them again and again, and its WebSocket."""

    def __init__(self, folder):
        super().__init__(folder)
        self.opened = threading.Event()
        self.results = queue.Queue()

    def enough(self):
        """The page is to report."""
        asyncio.run_coroutine_threadsafe(self.socket.send('enough'), self._loop).result(20)

    async def _before(self, path, headers):
        if headers.get('Upgrade'):
            return None
        kind, body = 'text/html', ''
        if path.startswith('/picture/'):
            kind, body = 'image/svg+xml', PICTURE
        elif path == '/':
            pictures = ''.join(f'<img src="/picture/{i}">' for i in range(100))
            body = f'<script>const PICTURE = {json.dumps(PICTURE)};{SCRIPT}</script>{pictures}'
        return HTTPStatus.OK, [('Content-Type', kind), ('Content-Length', str(len(body)))], \
            body.encode()

    async def _echo(self, socket, _):
        self.socket = socket
        self.opened.set()
        async for message in socket:
            if message.startswith('result '):
                self.results.put(json.loads(message.removeprefix('result ')))
            else:
                await socket.send(message)


def test_nothing_fails_while_the_configuration_changes_fifty_times(tmp_path, processes, serve):
    site = processes.enter_context(Site(tmp_path))
    daruma = serve([site], workers=1, wait_healthy=False)
    browser = processes.enter_context(Process(
        chromium(tmp_path / 'profile', '--remote-debugging-port=0', daruma.https + '/'),
        tmp_path / 'chromium.log'))
    assert site.opened.wait(60)
    balancer = daruma.configuration.load_balancer
    for i in range(50):
        balancer['Attributes']['idle_timeout.timeout_seconds'] = 100 + i
        balancer['Listeners'][1]['Rules'] = [
            {'Priority': 1 + i, 'Conditions': [
                {'Field': 'path-pattern', 'Values': [f'/change/{i}']}],
             'Actions': [{'Type': 'fixed-response', 'FixedResponseConfig': {
                 'StatusCode': '200', 'ContentType': 'text/plain', 'MessageBody': str(i)}}]}]
        daruma.configuration.write()
        answer = daruma.reload()
        assert answer.returncode == 0, answer.stdout + answer.stderr
        assert daruma.get(f'/change/{i}', tls=True).text == str(i)
    site.enough()
    result = site.results.get(timeout=60)
    print(result)
    assert (result['shown'], result['failures']) == (100, [])
    assert result['rounds'] >= 3 and result['echoes'] > 20
    wait_until('all lines', lambda: sum(
        '/picture/' in line for line in daruma.log_lines()) == 100 + 100 * result['rounds'])
    lines = [line.split() for line in daruma.log_lines() if '/picture/' in line]
    assert {fields[8] for fields in lines} == {'200'}
    assert len({fields[3] for fields in lines}) == 1, 'one connection'
    # The WebSocket's line comes at its end: it is a stream of that connection.
    daruma.wait_for_metric('daruma_listener_upgraded_connections_active', equal=1)
    browser.kill()
    socket_line = wait_until('its line', lambda: [
        line for line in daruma.log_lines() if line.startswith('wss ')])[0]
    assert ' HTTP/2.0" ' in socket_line and socket_line.split()[3] == lines[0][3]
