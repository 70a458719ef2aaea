# SPDX-License-Identifier: Apache-2.0
"""Metrics and spans reach a collector by OTLP. docs/opentelemetry.md."""
import pytest

from fake_collector import FakeCollector
from harness import DARUMA, Configuration, Daruma, run, target_group, wait_until

TRACE, PARENT = '0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'


@pytest.fixture
def collector():
    with FakeCollector() as made:
        yield made
    assert made.broken == []


def exporting(folder, targets, collector, attributes=None, **variables):
    given = {'OTEL_EXPORTER_OTLP_ENDPOINT': collector.url, 'OTEL_METRIC_EXPORT_INTERVAL': '200',
             'OTEL_EXPORTER_OTLP_HEADERS': 'api-key=a%20secret', **variables}
    daruma = Daruma(Configuration(folder, [target_group(targets)], attributes=attributes),
                    wrapper=['env', *(f'{name}={value}' for name, value in given.items())])
    return daruma


def spans_of(collector, path, count=2):
    """A request's spans by kind, once all are there."""
    def found():
        servers = [span for span in collector.spans
                   if span['attributes'].get('url.path') == path]
        below = [span for span in collector.spans if servers
                 and span.get('parentSpanId') == servers[0]['spanId']]
        return servers + below if len(servers + below) >= count else None
    return {span['kind']: span for span in wait_until(f'spans of {path}', found)}


def test_metrics_are_those_of_prometheus(tmp_path, start_targets, collector):
    targets = start_targets(1)
    with exporting(tmp_path / 'daruma', targets, collector) as daruma:
        daruma.wait_for_health({targets[0].name: 'healthy'})
        for _ in range(7):
            assert daruma.get('/').status_code == 200

        def all_counted():
            points = collector.metrics.get('daruma_listener_requests_total', {})
            return sum(points.values()) == 7
        wait_until('the collector has all requests', all_counted)
        scraped = {line.split()[2] for line in daruma.metrics().splitlines()
                   if line.startswith('# TYPE')}
        assert scraped == set(collector.metrics)
        assert sum(collector.metrics['daruma_target_response_time_seconds'].values()) == 7
    assert all(fields['api-key'] == 'a secret' for fields in collector.fields)


def test_a_trace_that_was_brought_goes_on(tmp_path, start_targets, collector):
    targets = start_targets(1)
    with exporting(tmp_path / 'daruma', targets, collector) as daruma:
        daruma.wait_for_health({targets[0].name: 'healthy'})
        answer = daruma.get('/brought?a=1', headers={'traceparent': f'00-{TRACE}-{PARENT}-01'})
        assert f'{TRACE}-{PARENT}-01' in answer.text, 'the target gets it as it was'
        assert daruma.get('/not-sampled', headers={
            'traceparent': f'00-{TRACE}-{PARENT}-00'}).status_code == 200
        daruma.get('/without')
        spans = spans_of(collector, '/brought')
        without = spans_of(collector, '/without')
        assert '/not-sampled' not in {s['attributes'].get('url.path') for s in collector.spans}
        # What was told to the exporter is not in the log.
        assert all('brought 00-' not in line for line in daruma.log_lines())
    server, client = spans[2], spans[3]
    assert (server['traceId'], server['parentSpanId']) == (TRACE, PARENT)
    assert server['attributes']['http.response.status_code'] == 200
    assert server['attributes']['url.query'] == 'a=1'
    assert client['attributes']['server.address'] == '127.0.0.2'
    assert client['attributes']['server.port'] == targets[0].port
    root = without[2]['attributes']['daruma.trace_id'].removeprefix('Root=1-').replace('-', '')
    assert without[2]['traceId'] == root


def test_a_trace_that_was_begun_is_the_targets_too(tmp_path, start_targets, collector):
    targets = start_targets(1)
    with exporting(tmp_path / 'daruma', targets, collector,
                   {'daruma.traceparent.start': 'sampled'}) as daruma:
        daruma.wait_for_health({targets[0].name: 'healthy'})
        seen = daruma.get('/begun').text
        spans = spans_of(collector, '/begun')
    assert f'00-{spans[2]["traceId"]}-{spans[3]["spanId"]}-01' in seen


def test_a_collector_that_is_away_costs_no_request(tmp_path, start_targets, collector):
    targets = start_targets(1)
    collector.answer_with = 503
    with exporting(tmp_path / 'daruma', targets, collector) as daruma:
        daruma.wait_for_health({targets[0].name: 'healthy'})
        assert daruma.get('/meanwhile').status_code == 200
        wait_until('it is told', lambda: 'the collector does not take' in daruma.output())
        collector.answer_with = None
        spans_of(collector, '/meanwhile')


def test_what_cannot_be_served_keeps_it_from_starting(tmp_path):
    configuration = Configuration(tmp_path / 'daruma', [target_group([])])
    answer = run(['env', 'OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9',
                  'OTEL_EXPORTER_OTLP_PROTOCOL=grpc', DARUMA, 'serve', '--config',
                  configuration.file])
    assert answer.returncode == 1
    assert "OTEL_EXPORTER_OTLP_PROTOCOL is http/json, not 'grpc'" in answer.stderr
