# SPDX-License-Identifier: Apache-2.0
"""Alarms by the CloudWatch API, in its three wire forms."""
import datetime
import json

import pytest
from botocore.exceptions import ClientError

from aws import READER, READER_SECRET
from harness import ROOT, wait_until
from test_cloudwatch import by_cbor, by_json, by_query, site  # noqa: F401

RECORDED = ROOT.parent / 'shared/vectors/cloudwatch/test_cloudwatch.snapshot.json'
ALARM = {'AlarmName': 'mine', 'Namespace': 'Mine', 'MetricName': 'Depth', 'Statistic': 'Maximum',
         'Dimensions': [{'Name': 'Queue', 'Value': 'q'}], 'Period': 10, 'EvaluationPeriods': 1,
         'Threshold': 5.0, 'ComparisonOperator': 'GreaterThanThreshold',
         'TreatMissingData': 'ignore'}
ARN = 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:'


def alarm_of(daruma, name='mine'):
    answer = by_query(daruma).describe_alarms(AlarmNames=[name])
    return (answer['MetricAlarms'] + answer['CompositeAlarms'])[0]


def refused(call, **members):
    with pytest.raises(ClientError) as problem:
        call(**members)
    return problem.value.response['Error']


def test_one_alarm_is_the_same_in_every_form(site):  # noqa: F811
    members = {**ALARM, 'DatapointsToAlarm': 1, 'AlarmDescription': '<depth>',
               'Tags': [{'Key': 'team', 'Value': 'web'}]}
    by_query(site).put_metric_alarm(**{**members, 'AlarmName': 'query'})
    assert by_json(site, 'PutMetricAlarm', **{**members, 'AlarmName': 'json'})[0].status_code == 200
    assert by_cbor(site, 'PutMetricAlarm', **{**members, 'AlarmName': 'cbor'})[0].status_code == 200

    def plain(alarm):
        return {key: value for key, value in alarm.items()
                if 'Timestamp' not in key and key not in ('AlarmName', 'AlarmArn')}
    described = {
        'query': by_query(site).describe_alarms(
            AlarmNames=['query', 'json', 'cbor'])['MetricAlarms'],
        'json': by_json(site, 'DescribeAlarms', AlarmNames=['query', 'json', 'cbor'])[1][
            'MetricAlarms'],
        'cbor': by_cbor(site, 'DescribeAlarms', AlarmNames=['query', 'json', 'cbor'])[1][
            'MetricAlarms']}
    shown = [plain(alarm) for alarms in described.values() for alarm in alarms]
    assert len(shown) == 9
    assert all(alarm == shown[0] for alarm in shown), shown
    assert shown[0]['StateReason'] == 'Unchecked: Initial alarm creation'
    assert shown[0]['DatapointsToAlarm'] == 1
    for name in ('query', 'json', 'cbor'):
        tags = by_query(site).list_tags_for_resource(ResourceARN=ARN + name)['Tags']
        assert tags == [{'Key': 'team', 'Value': 'web'}]


def test_an_alarm_follows_what_is_put(site):  # noqa: F811
    cloudwatch = by_query(site)
    cloudwatch.put_metric_alarm(**ALARM)
    cloudwatch.put_composite_alarm(AlarmName='both', AlarmRule=f'ALARM("{ARN}mine") AND TRUE')

    def put(value):
        cloudwatch.put_metric_data(Namespace='Mine', MetricData=[
            {'MetricName': 'Depth', 'Dimensions': ALARM['Dimensions'], 'Value': value}])
    put(3.0)
    wait_until('it is well', lambda: alarm_of(site)['StateValue'] == 'OK', 40)
    put(7.0)
    wait_until('it is not', lambda: alarm_of(site)['StateValue'] == 'ALARM', 40)
    shown = alarm_of(site)
    assert '1 out of the last 1 datapoints [7.0 (' in shown['StateReason']
    assert json.loads(shown['StateReasonData'])['recentDatapoints'] == [7.0]
    composite = cloudwatch.describe_alarms(AlarmTypes=['CompositeAlarm'])['CompositeAlarms'][0]
    assert (composite['AlarmName'], composite['StateValue']) == ('both', 'ALARM')
    states = cloudwatch.describe_alarm_history(AlarmName='mine', HistoryItemType='StateUpdate',
                                               ScanBy='TimestampAscending')['AlarmHistoryItems']
    assert [item['HistorySummary'] for item in states] == [
        'Alarm updated from INSUFFICIENT_DATA to OK', 'Alarm updated from OK to ALARM']
    data = json.loads(states[1]['HistoryData'])
    assert data['newState']['stateReasonData']['threshold'] == 5.0


def queries(returned='share'):
    def metric(name, statistic):
        return {'Id': name.lower(), 'ReturnData': returned == name.lower(), 'MetricStat': {
            'Metric': {'Namespace': 'Mine', 'MetricName': name,
                       'Dimensions': [{'Name': 'Queue', 'Value': 'q'}]},
            'Period': 10, 'Stat': statistic}}
    return [metric('Lost', 'Sum'), metric('Taken', 'Sum'),
            {'Id': 'share', 'Expression': '100 * lost / taken', 'Label': 'lost, %',
             'ReturnData': returned == 'share'}]


MATH = {'AlarmName': 'math', 'Metrics': queries(), 'EvaluationPeriods': 1, 'Threshold': 10.0,
        'ComparisonOperator': 'GreaterThanThreshold', 'TreatMissingData': 'ignore'}


def test_an_alarm_on_metric_math_is_the_same_in_every_form_and_follows(site):  # noqa: F811
    cloudwatch = by_query(site)
    cloudwatch.put_metric_alarm(**{**MATH, 'AlarmName': 'math-query'})
    for form, put in (('json', by_json), ('cbor', by_cbor)):
        done = put(site, 'PutMetricAlarm', **{**MATH, 'AlarmName': f'math-{form}'})[0]
        assert done.status_code == 200, done.text
    for name in ('math-query', 'math-json', 'math-cbor'):
        shown = alarm_of(site, name)
        assert shown['Metrics'] == MATH['Metrics'], name
        assert not {'Namespace', 'MetricName', 'Period', 'Statistic', 'Dimensions'} & set(shown)
    assert cloudwatch.describe_alarms_for_metric(
        Namespace='Mine', MetricName='Lost',
        Dimensions=[{'Name': 'Queue', 'Value': 'q'}])['MetricAlarms'] == []

    def put_data(lost, taken):
        cloudwatch.put_metric_data(Namespace='Mine', MetricData=[
            {'MetricName': name, 'Dimensions': [{'Name': 'Queue', 'Value': 'q'}], 'Value': value}
            for name, value in (('Lost', lost), ('Taken', taken))])
    put_data(1.0, 100.0)
    wait_until('it is well', lambda: alarm_of(site, 'math-query')['StateValue'] == 'OK', 40)
    put_data(30.0, 100.0)
    wait_until('it is not', lambda: alarm_of(site, 'math-query')['StateValue'] == 'ALARM', 40)
    assert ' datapoints [30.0 (' in alarm_of(site, 'math-query')['StateReason']


def test_metric_math_that_no_alarm_can_have_is_refused(site):  # noqa: F811
    put = by_query(site).put_metric_alarm
    cases = [
        ({'Metrics': queries('nobody')}, 'Exactly one element of the metrics list should return'),
        ({'MetricName': 'Lost'}, 'mutually exclusive'),
        ({'Statistic': 'Sum'}, 'mutually exclusive'),
        ({'Metrics': [*queries('lost'), {'Id': 'lost', 'Expression': '1'}]}, 'more than once'),
        ({'Metrics': [*queries('x'), {'Id': 'x', 'Expression': "SEARCH('a', 'Sum', 60)"}]},
         'SEARCH is not supported on Metric Alarms.'),
        ({'Metrics': [*queries('x'), {'Id': 'x', 'Expression': '1 + 1'}]}, 'comes to a number'),
        ({'Metrics': [*queries('x'), {'Id': 'x', 'Expression': 'lost +'}]}, 'Error in expression'),
        ({'Metrics': [*queries('x'), {'Id': 'x', 'Expression': 'METRICS()'}]}, '2 time series')]
    for members, message in cases:
        error = refused(put, **{**MATH, **members})
        assert error['Code'] == 'ValidationError' and message in error['Message'], error
    assert by_query(site).describe_alarms(AlarmNames=['math'])['MetricAlarms'] == []


SUPPRESSED = {'AlarmName': 'quietly', 'AlarmRule': 'ALARM(mine)',
              'ActionsSuppressor': ARN + 'quiet', 'ActionsSuppressorWaitPeriod': 0,
              'ActionsSuppressorExtensionPeriod': 3600, 'AlarmActions': [ARN + 'nobody']}


def test_a_suppressor_keeps_actions_back(site):  # noqa: F811
    cloudwatch = by_query(site)
    for name in ('mine', 'quiet'):
        cloudwatch.put_metric_alarm(**{**ALARM, 'AlarmName': name, 'MetricName': 'Nothing'})
    cloudwatch.put_composite_alarm(**SUPPRESSED)
    for name in ('quiet', 'mine'):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue='ALARM', StateReason='a test')

    def shown():
        return cloudwatch.describe_alarms(AlarmNames=['quietly'],
                                          AlarmTypes=['CompositeAlarm'])['CompositeAlarms'][0]
    found = shown()
    assert {key: found[key] for key in SUPPRESSED} == SUPPRESSED
    assert (found['StateValue'], found['ActionsSuppressedBy']) == ('ALARM', 'Alarm')
    assert ARN + 'quiet' in found['ActionsSuppressedReason']
    data = json.loads(found['StateReasonData'])['triggeringAlarms']
    assert [(each['arn'], each['state']['value']) for each in data] == [(ARN + 'mine', 'ALARM')]
    cloudwatch.set_alarm_state(AlarmName='quiet', StateValue='OK', StateReason='a test')
    assert shown()['ActionsSuppressedBy'] == 'ExtensionPeriod'

    def actions():
        return cloudwatch.describe_alarm_history(AlarmName='quietly', HistoryItemType='Action',
                                                 AlarmTypes=['CompositeAlarm'])['AlarmHistoryItems']
    assert actions() == []
    cloudwatch.put_composite_alarm(**{key: value for key, value in SUPPRESSED.items()
                                      if 'Suppressor' not in key})
    wait_until('it is told', actions, 40)
    assert 'ActionsSuppressedBy' not in shown()


def test_what_cannot_suppress_is_refused(site):  # noqa: F811
    cloudwatch = by_query(site)
    for name in ('mine', 'quiet'):
        cloudwatch.put_metric_alarm(**{**ALARM, 'AlarmName': name})
    put = cloudwatch.put_composite_alarm
    for members, message in (
            ({'ActionsSuppressor': 'nobody'}, 'not there'),
            ({'ActionsSuppressor': 'quietly'}, 'cannot suppress itself'),
            ({'ActionsSuppressorWaitPeriod': -1}, 'between 0 and')):
        error = refused(put, **{**SUPPRESSED, **members})
        assert error['Code'] == 'ValidationError' and message in error['Message'], error
    for missing in ('ActionsSuppressor', 'ActionsSuppressorWaitPeriod'):
        members = {key: value for key, value in SUPPRESSED.items() if key != missing}
        assert 'specified together' in refused(put, **members)['Message']
    put(**SUPPRESSED)
    error = refused(cloudwatch.delete_alarms, AlarmNames=['quiet'])
    assert 'ActionsSuppressor of composite alarm quietly' in error['Message']
    cloudwatch.delete_alarms(AlarmNames=['quiet', 'quietly'])


def test_built_in_alarms_are_described_and_switched_off(site):  # noqa: F811
    cloudwatch = by_query(site)
    wait_until('they are there', lambda: cloudwatch.describe_alarms(
        AlarmNamePrefix='daruma-')['MetricAlarms'], 40)
    name = 'daruma-no-healthy-target-group'
    shown = alarm_of(site, name)
    assert (shown['MetricName'], shown['ActionsEnabled']) == ('HealthyHostCount', True)
    found = cloudwatch.describe_alarms_for_metric(
        MetricName='HealthyHostCount', Namespace='AWS/ApplicationELB',
        Dimensions=shown['Dimensions'])['MetricAlarms']
    assert [alarm['AlarmName'] for alarm in found] == [name]
    assert refused(cloudwatch.delete_alarms, AlarmNames=[name])['Code'] == 'ValidationError'
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    assert alarm_of(site, name)['ActionsEnabled'] is False
    # Now it is somebody's own, and goes back to what it was by being deleted.
    cloudwatch.delete_alarms(AlarmNames=[name])
    wait_until('it is there again', lambda: cloudwatch.describe_alarms(
        AlarmNames=[name])['MetricAlarms'], 40)
    assert alarm_of(site, name)['ActionsEnabled'] is True


def test_pages(site):  # noqa: F811
    cloudwatch = by_query(site)
    for number in range(7):
        cloudwatch.put_metric_alarm(**{**ALARM, 'AlarmName': f'page-{number}'})
    names = [alarm['AlarmName'] for page in cloudwatch.get_paginator('describe_alarms').paginate(
        AlarmNamePrefix='page-', PaginationConfig={'PageSize': 3})
        for alarm in page['MetricAlarms']]
    assert names == [f'page-{number}' for number in range(7)]
    items = [item for page in cloudwatch.get_paginator('describe_alarm_history').paginate(
        HistoryItemType='ConfigurationUpdate', PaginationConfig={'PageSize': 2})
        for item in page['AlarmHistoryItems'] if item['AlarmName'].startswith('page-')]
    assert len(items) == 7


def test_what_cannot_be_is_refused(site):  # noqa: F811
    cloudwatch = by_query(site)
    cases = [({'ComparisonOperator': 'LessThanLowerThreshold'}, 'ValidationError'),
             ({'EvaluationPeriods': 3, 'DatapointsToAlarm': 4}, 'ValidationError'),
             ({'EvaluationPeriods': 25, 'Period': 3600}, None),
             ({'EvaluationPeriods': 8641}, 'ValidationError'),
             ({'Period': 15}, 'InvalidParameterValue'),
             ({'ExtendedStatistic': 'p99'}, 'InvalidParameterCombination'),
             ({'Statistic': 'p99'}, 'InvalidParameterValue'),
             ({'TreatMissingData': 'sometimes'}, 'InvalidParameterValue'),
             ({'Unit': 'Furlongs'}, 'InvalidParameterValue'),
             ({'AlarmActions': ['x'] * 6}, 'ValidationError')]
    for members, code in cases:
        if code is None:
            cloudwatch.put_metric_alarm(**{**ALARM, **members})
        else:
            error = refused(cloudwatch.put_metric_alarm, **{**ALARM, **members})
            assert error['Code'] == code, (members, error)
    none = by_json(site, 'PutMetricAlarm', **{**ALARM, 'EvaluationPeriods': 0})[0]
    assert none.status_code == 400
    cloudwatch.put_metric_alarm(**ALARM)
    put = cloudwatch.put_composite_alarm
    assert 'not there' in refused(put, AlarmName='c', AlarmRule='ALARM(nobody)')['Message']
    assert 'at 1: expected' in refused(put, AlarmName='c', AlarmRule='alarm(mine)')['Message']
    put(AlarmName='one', AlarmRule='ALARM(mine)')
    put(AlarmName='two', AlarmRule='ALARM(one)')
    assert 'leads back' in refused(put, AlarmName='one', AlarmRule='ALARM(two)')['Message']
    assert 'two' in refused(cloudwatch.delete_alarms, AlarmNames=['one'])['Message']
    assert refused(cloudwatch.delete_alarms, AlarmNames=['gone'])['Code'] == 'ResourceNotFound'
    reader = by_query(site, READER, READER_SECRET)
    assert refused(reader.put_metric_alarm, **ALARM)['Code'] == 'AccessDenied'
    assert reader.describe_alarms(AlarmNames=['mine'])['MetricAlarms']


@pytest.mark.skipif(not RECORDED.exists(), reason='the recordings are not at hand')
def test_answers_are_as_recorded(site):  # noqa: F811
    recorded = json.loads(RECORDED.read_text())

    def content(name):
        return recorded['tests/aws/services/cloudwatch/test_cloudwatch.py::TestCloudwatch::'
                        f'{name}[json]']['recorded-content']
    minimal = content('test_describe_minimal_metric_alarm')['describe_minimal_metric_alarm']
    expected = minimal['MetricAlarms'][0]
    by_json(site, 'PutMetricAlarm', AlarmName='minimal', Namespace='n', MetricName='m', Period=10,
            Statistic='Sum', EvaluationPeriods=1, Threshold=30,
            ComparisonOperator='GreaterThanThreshold')
    shown = by_json(site, 'DescribeAlarms', AlarmNames=['minimal'])[1]['MetricAlarms'][0]
    assert set(shown) == set(expected)
    for key in ('StateReason', 'StateValue', 'Threshold', 'Dimensions', 'OKActions', 'Statistic'):
        assert shown[key] == expected[key]

    errors = content('test_set_alarm_invalid_input')
    for state, name, key in (('INVALID', 'minimal', 'error-invalid-state'),
                             ('OK', 'nobody', 'error-resource-not-found')):
        answer, body = by_json(site, 'SetAlarmState', AlarmName=name, StateValue=state,
                               StateReason='test')
        as_recorded = errors[key]
        assert answer.status_code == as_recorded['ResponseMetadata']['HTTPStatusCode']
        assert body['message'] == as_recorded['Error']['Message']
        assert answer.headers['x-amzn-query-error'].startswith(as_recorded['Error']['Code'] + ';')
        assert body['__type'].endswith(as_recorded['Error']['QueryErrorCode'])

    by_json(site, 'TagResource', ResourceARN=ARN + 'minimal',
            Tags=[{'Key': 'tag1', 'Value': 'foo'}, {'Key': 'tag2', 'Value': 'bar'}])
    tags = content('test_store_tags')
    listed = by_json(site, 'ListTagsForResource', ResourceARN=ARN + 'minimal')[1]['Tags']
    assert listed == tags['list_tags_for_resource']['Tags']
    by_json(site, 'UntagResource', ResourceARN=ARN + 'minimal', TagKeys=['tag1'])
    listed = by_json(site, 'ListTagsForResource', ResourceARN=ARN + 'minimal')[1]['Tags']
    assert listed == tags['list_tags_for_resource_post_untag']['Tags']
    by_json(site, 'DeleteAlarms', AlarmNames=['minimal'])
    gone = by_json(site, 'DescribeAlarms', AlarmNames=['minimal'])[1]
    assert gone == {key: value for key, value in content('test_delete_alarm')[
        'describe-after-delete'].items() if key != 'ResponseMetadata'}
    gone = by_json(site, 'ListTagsForResource', ResourceARN=ARN + 'minimal')[1]
    assert gone['Tags'] == []


def test_times_are_as_clients_read_them(site):  # noqa: F811
    by_query(site).put_metric_alarm(**ALARM)
    now = datetime.datetime.now(datetime.timezone.utc)
    shown = alarm_of(site)
    assert abs(shown['AlarmConfigurationUpdatedTimestamp'] - now).total_seconds() < 60
    cbor = by_cbor(site, 'DescribeAlarms', AlarmNames=['mine'])[1]['MetricAlarms'][0]
    assert abs(cbor['StateUpdatedTimestamp'] - now).total_seconds() < 60
