# SPDX-License-Identifier: Apache-2.0
"""Mackerel's API on a loopback port, as strict as it is documented (mackerel.io/api-docs): key,
names, ages, one batch of figures at a time, no more than 100 reports. What breaks a rule is
answered as documented, and noted in `broken`, which a test expects to stay empty.

Standard library only.
"""
import contextlib
import json
import re
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler

from fake_service import FakeService

KEY = 'a-key-that-may-write'
METRIC = re.compile(r'custom(\.[a-zA-Z0-9._-]+)+')
GRAPH = re.compile(r'custom(\.([a-zA-Z0-9_-]+|[*#]))+')
UNITS = {'float', 'integer', 'percentage', 'seconds', 'milliseconds', 'bytes', 'bytes/sec',
         'bits/sec', 'iops'}
DAY, REPORT_AGE = 24 * 3600, 6 * 3600


class FakeMackerel(FakeService):
    """As FakeService: use with `with`."""

    def __init__(self, batch_seconds=0.5):
        super().__init__()
        self.batch_seconds = batch_seconds  # batches of figures that come faster are answered 429
        self.lock = threading.Lock()
        self.hosts = {}
        self.points = []
        self.graphs = {}
        self.reports = []
        self.annotations = []
        self.requests = []
        self.waiting = 0  # requests that are held up by whoever has the lock
        self.broken = []
        self.last_batch = 0
        self.now = 0  # when the request came that is answered

    def living(self):
        with self.lock:
            return {host['customIdentifier']: host for host in self.hosts.values()
                    if not host['isRetired']}

    def values(self, name):
        """Of this metric, in the order of time."""
        with self.lock:
            return [point['value'] for point in sorted(self.points, key=lambda p: p['time'])
                    if point['name'] == name]

    def handler(self):
        mackerel = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def log_message(self, *_):
                pass

            def answer(self):
                body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
                if mackerel.server is None:  # on a connection that was kept
                    self.close_connection = True
                    return
                arrived = time.monotonic()
                mackerel.waiting += 1
                with mackerel.lock:
                    mackerel.waiting -= 1
                    mackerel.now = arrived
                    status, reply = mackerel.take(self.command, self.path, self.headers, body)
                data = json.dumps(reply).encode()
                with contextlib.suppress(ConnectionError):  # who asked has not waited
                    self.send_response(status)
                    self.send_header('Content-Type', 'application/json')
                    self.send_header('Content-Length', str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)

            do_GET = do_POST = do_PUT = answer
        return Handler

    def refuse(self, why, status=400):
        self.broken.append(why)
        return status, {'error': {'message': why}}

    def take(self, method, path, headers, body):
        self.requests.append((method, path, time.monotonic()))
        if self.answer_with:
            return self.answer_with, {'error': 'for the test'}
        if headers.get('X-Api-Key') != KEY:
            return 401, {'error': 'Authentication failed. Please try with valid Api Key.'}
        if method != 'GET' and headers.get('Content-Type') != 'application/json':
            return self.refuse(f'{path}: no JSON')
        value = json.loads(body) if body else None
        identifier = path.removeprefix('/api/v0/hosts-by-custom-identifier/')
        if identifier != path:
            name = urllib.parse.unquote(identifier)
            found = [host for host in self.hosts.values()
                     if host['customIdentifier'] == name and not host['isRetired']]
            return (200, {'host': found[0]}) if found else (404, {'error': 'not found'})
        host = re.fullmatch(r'/api/v0/hosts/(\w+)(/retire)?', path)
        if host:
            return self.host(method, host.group(1), host.group(2), value)
        routes = {'/api/v0/hosts': self.make_host, '/api/v0/tsdb': self.take_points,
                  '/api/v0/graph-defs/create': self.take_graphs,
                  '/api/v0/monitoring/checks/report': self.take_reports,
                  '/api/v0/graph-annotations': self.take_annotation}
        if method != 'POST' or path not in routes:
            return self.refuse(f'{method} {path}', 404)
        return routes[path](value)

    def check_host(self, host):
        if not re.fullmatch(r'[a-zA-Z0-9_.-]+', host.get('name', '')):
            return 'name'
        if not isinstance(host.get('meta'), dict):
            return 'meta'
        for role in host.get('roleFullnames', []):
            if not re.fullmatch(r'[a-zA-Z0-9_-]+:\s*[a-zA-Z0-9_-]+', role):
                return 'roleFullnames'
        return ''

    def host(self, method, identity, retire, value):
        if identity not in self.hosts:
            return 404, {'error': 'no such host'}
        host = self.hosts[identity]
        if retire:
            host['isRetired'] = True
            return 200, {'success': True}
        if method == 'PUT':
            if problem := self.check_host(value):
                return self.refuse(f'host: {problem}')
            host.update(value)
            return 200, {'id': identity}
        return 200, {'host': host}

    def make_host(self, value):
        if problem := self.check_host(value):
            return self.refuse(f'host: {problem}')
        if any(host['customIdentifier'] == value['customIdentifier'] and not host['isRetired']
               for host in self.hosts.values()):
            return self.refuse('customIdentifier is taken')
        identity = f'h{len(self.hosts) + 1}'
        self.hosts[identity] = {**value, 'id': identity, 'isRetired': False}
        return 200, {'id': identity}

    def take_points(self, points):
        now = self.now
        if now - self.last_batch < self.batch_seconds:
            return self.refuse('batches come too fast', 429)
        self.last_batch = now
        for point in points:
            if not METRIC.fullmatch(point['name']):
                return self.refuse(f'metric name {point["name"]}')
            if not isinstance(point['time'], int) or not isinstance(point['value'], (int, float)):
                return self.refuse(f'{point}')
            host = self.hosts.get(point['hostId'])
            if not host or host['isRetired']:
                return 404, {'error': 'no such host'}
            if point['time'] < time.time() - DAY:
                self.broken.append('a point that would be dropped')
        self.points += points
        return 200, {'success': True}

    def take_graphs(self, graphs):
        for graph in graphs:
            if not GRAPH.fullmatch(graph['name']) or graph['unit'] not in UNITS:
                return self.refuse(f'graph {graph["name"]} {graph["unit"]}')
            for metric in graph['metrics']:
                if not metric['name'].startswith(graph['name'] + '.'):
                    return self.refuse(f'{metric["name"]} is not of {graph["name"]}')
            self.graphs[graph['name']] = graph
        return 200, {'success': True}

    def take_reports(self, value):
        if len(value['reports']) > 100:
            return self.refuse('more than 100 reports')
        for report in value['reports']:
            if report['status'] not in ('OK', 'WARNING', 'CRITICAL', 'UNKNOWN'):
                return self.refuse(f'status {report["status"]}')
            if len(report['message']) >= 1024:
                return self.refuse('message too long')
            host = self.hosts.get(report['source']['hostId'])
            if report['source']['type'] != 'host' or not host or host['isRetired']:
                return 404, {'error': 'no such host'}
            if report['name'] not in [check['name'] for check in host.get('checks', [])]:
                return self.refuse(f'host has no check {report["name"]}')
            if report['occurredAt'] < time.time() - REPORT_AGE:
                self.broken.append('a report that would be ignored')
        self.reports += value['reports']
        return 200, {'success': True}

    def take_annotation(self, value):
        if len(value['title']) > 250 or len(value['description']) > 1024:
            return self.refuse('annotation too long')
        if not value['service'] or value['from'] > value['to']:
            return self.refuse('annotation')
        self.annotations.append(value)
        return 200, {**value, 'id': f'a{len(self.annotations)}'}
