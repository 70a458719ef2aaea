# SPDX-License-Identifier: Apache-2.0
"""An OpenTelemetry collector on a loopback port, OTLP over HTTP in JSON, that takes only what has
the shape of metrics.proto and trace.proto: known members, ids in hexadecimal, 64-bit numbers as
text. What has not is answered 400 and noted in `broken`.

Standard library only.
"""
import json
import re
from http.server import BaseHTTPRequestHandler

from fake_service import FakeService

NUMBER = re.compile(r'\d+')
POINT = {'attributes', 'startTimeUnixNano', 'timeUnixNano'}
SPAN = {'traceId', 'spanId', 'parentSpanId', 'name', 'kind', 'startTimeUnixNano',
        'endTimeUnixNano', 'attributes', 'status'}


def need(condition, what):
    if not condition:
        raise ValueError(what)


def attributes(items):
    found = {}
    for item in items:
        need(set(item) == {'key', 'value'} and len(item['value']) == 1, f'attribute {item}')
        (kind, value), = item['value'].items()
        need(kind == 'stringValue' and isinstance(value, str)
             or kind == 'intValue' and NUMBER.fullmatch(value), f'value {item}')
        need(item['key'] not in found, f'{item["key"]} twice')
        found[item['key']] = int(value) if kind == 'intValue' else value
    return found


def scopes(body, resources, scope, items):
    need(set(body) == {resources}, f'members {set(body)}')
    for resource in body[resources]:
        names = attributes(resource['resource']['attributes'])
        need('service.name' in names, 'no service.name')
        for each in resource[scope]:
            need(each['scope']['name'] == 'daruma', 'scope')
            yield names, each[items]


def point(data, metric):
    need(NUMBER.fullmatch(data['timeUnixNano']), 'timeUnixNano')
    labels = tuple(sorted(attributes(data['attributes']).items()))
    if 'histogram' not in metric:
        need(set(data) <= POINT | {'asDouble'} and isinstance(data['asDouble'], (int, float)),
             f'point {data}')
        return labels, data['asDouble']
    need(set(data) == POINT | {'count', 'sum', 'bucketCounts', 'explicitBounds'}, f'{set(data)}')
    counts = [int(count) for count in data['bucketCounts']]
    need(len(counts) == len(data['explicitBounds']) + 1, 'buckets')
    need(data['explicitBounds'] == sorted(data['explicitBounds']), 'bounds')
    need(sum(counts) == int(data['count']), 'count')
    return labels, int(data['count'])


def read_metrics(body):
    """Name → labels → value."""
    values = {}
    for _, metrics in scopes(body, 'resourceMetrics', 'scopeMetrics', 'metrics'):
        for metric in metrics:
            kinds = set(metric) - {'name', 'description', 'unit'}
            need(len(kinds) == 1 and kinds <= {'gauge', 'sum', 'histogram'}, f'kind {kinds}')
            data = metric[kinds.pop()]
            if 'sum' in metric:
                need(data['aggregationTemporality'] == 2 and data['isMonotonic'] is True, 'sum')
            need(metric['name'] not in values, f'{metric["name"]} twice')
            values[metric['name']] = dict(point(each, metric) for each in data['dataPoints'])
    return values


def read_spans(body):
    spans = []
    for resource, items in scopes(body, 'resourceSpans', 'scopeSpans', 'spans'):
        for span in items:
            need(set(span) <= SPAN, f'members {set(span)}')
            need(re.fullmatch('[0-9a-f]{32}', span['traceId']), 'traceId')
            need(re.fullmatch('[0-9a-f]{16}', span['spanId']), 'spanId')
            need(re.fullmatch('[0-9a-f]{16}', span.get('parentSpanId', '0' * 16)), 'parentSpanId')
            need(span['kind'] in (2, 3) and span['name'], 'kind, name')
            need(int(span['startTimeUnixNano']) <= int(span['endTimeUnixNano']), 'times')
            spans.append({**span, 'attributes': attributes(span['attributes']),
                          'resource': resource})
    return spans


class FakeCollector(FakeService):
    """As FakeService: use with `with`."""

    def __init__(self):
        super().__init__()
        self.metrics = {}
        self.spans = []
        self.broken = []
        self.fields = []

    def take(self, path, text):
        body = json.loads(text)
        if path == '/v1/metrics':
            self.metrics = read_metrics(body)
        elif path == '/v1/traces':
            self.spans += read_spans(body)
        else:
            raise ValueError(path)

    def handler(self):
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):  # noqa: N802
                text = self.rfile.read(int(self.headers['Content-Length']))
                collector.fields.append(dict(self.headers))
                status = collector.answer_with or 200
                if status == 200:
                    try:
                        collector.take(self.path, text)
                    except (ValueError, KeyError, TypeError) as problem:
                        collector.broken.append(f'{self.path}: {problem!r}')
                        status = 400
                self.send_response(status)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', '2')
                self.end_headers()
                self.wfile.write(b'{}')

            def log_message(self, *_):
                pass

        return Handler
