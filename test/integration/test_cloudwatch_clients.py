# SPDX-License-Identifier: Apache-2.0
"""CloudWatch by those who speak its three forms: Debian's boto3 and awscli (query), the AWS SDK for
JavaScript, requests in JSON and in CBOR. Each is given the same numbers, and sets the same alarm.
"""
import datetime
import json
import re

import pytest

from aws import KEY, SECRET, awscli
from harness import wait_until
from test_cloudwatch import ALB, balancer_of, by_cbor, by_json, by_query, site, sums  # noqa: F401
from test_node import node  # noqa: F401

REQUESTS = {'/': 20, '/status/503': 3, '/slow/40': 5, '/slow/90': 5}
ALARM = {
    'AlarmDescription': 'ä & <slow>', 'Namespace': ALB, 'MetricName': 'TargetResponseTime',
    'ExtendedStatistic': 'p99', 'Unit': 'Seconds', 'Period': 60, 'EvaluationPeriods': 3,
    'DatapointsToAlarm': 2, 'Threshold': 0.25, 'TreatMissingData': 'notBreaching',
    'ComparisonOperator': 'GreaterThanOrEqualToThreshold',
    'EvaluateLowSampleCountPercentile': 'ignore', 'ActionsEnabled': False,
    'AlarmActions': ['arn:aws:sns:us-east-1:000000000000:ops'],
    'OKActions': ['arn:aws:sns:us-east-1:000000000000:ops']}


def text_of(value):
    return value.strftime('%Y-%m-%dT%H:%M:%SZ') if isinstance(value, datetime.datetime) else value


def plain(value):
    """Times of all clients as one text, and nothing of the answer's envelope."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items() if name != 'ResponseMetadata'}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).timestamp()
    if isinstance(value, str) and value[:2] == '20' and 'T' in value:
        return plain(datetime.datetime.fromisoformat(value.replace('Z', '+00:00')))
    return value


class Clients:
    """Name → what calls an operation of CloudWatch with that client."""

    def __init__(self, daruma, node):  # noqa: F811
        self.daruma, self.node = daruma, node
        self.wires = set()  # what the AWS SDK for JavaScript sent

    def all(self):
        return {'boto3': self.boto3, 'awscli': self.awscli, 'javascript': self.javascript,
                'json': self.json, 'cbor': self.cbor}

    def boto3(self, operation, **members):
        name = ''.join(f'_{each.lower()}' if each.isupper() else each for each in operation)[1:]
        return plain(getattr(by_query(self.daruma), name)(**members))

    def awscli(self, operation, **members):
        name = ''.join(f'-{each.lower()}' if each.isupper() else each for each in operation)[1:]
        return plain(awscli(self.daruma, name, '--cli-input-json', json.dumps(
            members, default=text_of), service='cloudwatch'))

    def javascript(self, operation, **members):
        answer = self.node('cloudwatch_client.js', self.daruma.admin,
                           operation[0].lower() + operation[1:],
                           json.dumps(members, default=text_of),
                           more={'KEY': KEY, 'SECRET': SECRET})
        assert answer.returncode == 0, answer.stderr
        told = json.loads(answer.stdout)
        self.wires.add(told['wire'])
        return plain(told['output'])

    def json(self, operation, **members):
        answer, value = by_json(self.daruma, operation, **{
            name: value.timestamp() if isinstance(value, datetime.datetime) else value
            for name, value in members.items()})
        assert answer.status_code == 200, value
        return plain(value)

    def cbor(self, operation, **members):
        answer, value = by_cbor(self.daruma, operation, **members)
        assert answer.status_code == 200, value
        return plain(value)


@pytest.fixture
def clients(site, node):  # noqa: F811
    return Clients(site, node)


def hour_around():
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    half = datetime.timedelta(minutes=30)
    return {'StartTime': now - half, 'EndTime': now + half}


def ask_until_counted(daruma):
    """Requests of several durations; the dimensions under which they are counted."""
    cloudwatch = by_query(daruma)
    for path, times in REQUESTS.items():
        for _ in range(times):
            daruma.get(path)
    wait_until('a first collection', lambda: cloudwatch.list_metrics(Namespace=ALB)['Metrics'], 30)
    balancer = balancer_of(cloudwatch)
    wait_until('all are counted', lambda: sums(cloudwatch, ['RequestCount'], [balancer]) == {
        'RequestCount': sum(REQUESTS.values())}, 30)
    return [balancer]


def same_from_all(clients, operation, members, shown):
    """What all clients are answered, by `shown`; it is the same."""
    answers = {name: shown(call(operation, **members)) for name, call in clients.all().items()}
    for name, answer in answers.items():
        assert answer == answers['boto3'], name
    return answers['boto3']


def test_all_are_given_the_same_numbers(site, clients):  # noqa: F811
    dimensions, hour = ask_until_counted(site), hour_around()

    def query(name, stat):
        return {'Id': f'{name[0].lower()}{stat.lower().replace(".", "_")}', 'MetricStat': {
            'Metric': {'Namespace': ALB, 'MetricName': name, 'Dimensions': dimensions},
            'Period': 3600, 'Stat': stat}}
    times = 'TargetResponseTime'
    queries = [query('RequestCount', 'Sum'), query(times, 'SampleCount'), query(times, 'Average'),
               query(times, 'p50'), query(times, 'p99'), query(times, 'p99.9'),
               {'Id': 'ratio', 'Expression': 'tp99 / tp50', 'Label': 'times'}]
    results = same_from_all(clients, 'GetMetricData', {'MetricDataQueries': queries, **hour},
                            lambda answer: answer['MetricDataResults'])
    # An hour that ends while the requests are made is two datapoints.
    values = {each['Id']: each['Values'] for each in results}
    assert sum(values['rsum']) == sum(values['tsamplecount']) == sum(REQUESTS.values())
    assert max(values['tp99']) >= 0.090 * 0.98 and max(values['tp50']) < max(values['tp99'])
    assert all(values.values()) and len(values) == len(queries)

    points = same_from_all(clients, 'GetMetricStatistics', {
        'Namespace': ALB, 'MetricName': times, 'Dimensions': dimensions, 'Period': 3600,
        'ExtendedStatistics': ['p50', 'p99'], **hour},
        lambda answer: sorted(answer['Datapoints'], key=lambda each: each['Timestamp']))
    shown = [[each['ExtendedStatistics'][name] for each in points] for name in ('p50', 'p99')]
    assert [sorted(each) for each in shown] == [sorted(values['tp50']), sorted(values['tp99'])]
    points = same_from_all(clients, 'GetMetricStatistics', {
        'Namespace': ALB, 'MetricName': 'HTTPCode_Target_5XX_Count', 'Dimensions': dimensions,
        'Period': 3600, 'Statistics': ['Sum', 'Maximum'], **hour},
        lambda answer: answer['Datapoints'])
    assert sum(each['Sum'] for each in points) == 3
    assert clients.wires <= {'application/x-amz-json-1.0', 'application/cbor'} and clients.wires


def test_all_set_the_same_alarm(site, clients):  # noqa: F811
    dimensions = ask_until_counted(site)
    for name, call in clients.all().items():
        call('PutMetricAlarm', **ALARM, AlarmName=name, Dimensions=dimensions)
    # Its own; and that it is judged while this goes on.
    own = re.compile('Alarm(Name|Arn|ConfigurationUpdatedTimestamp)|State.*')

    def shown(answer):
        alarms = {each['AlarmName']: each for each in answer['MetricAlarms']}
        assert all(alarm['AlarmArn'].endswith(f':alarm:{name}') for name, alarm in alarms.items())
        return {name: {key: value for key, value in alarm.items() if not own.fullmatch(key)}
                for name, alarm in alarms.items()}
    alarms = same_from_all(clients, 'DescribeAlarms', {'AlarmNames': list(clients.all())}, shown)
    assert set(alarms) == set(clients.all())
    for name, alarm in alarms.items():
        assert alarm == alarms['boto3'], name
    assert {**ALARM, 'Dimensions': dimensions}.items() <= alarms['boto3'].items()
