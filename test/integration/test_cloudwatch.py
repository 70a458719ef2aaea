# SPDX-License-Identifier: Apache-2.0
"""The CloudWatch API in its three wire forms: what clients counted is what it says."""
import datetime
import gzip
import json
import time

import boto3
import botocore.awsrequest
import botocore.config
import cbor2
import pytest
from botocore.exceptions import ClientError

from aws import KEY, READER, READER_SECRET, SECRET, send_signed
from harness import Configuration, Daruma, new_session, target_group, wait_until

ALB = 'AWS/ApplicationELB'


@pytest.fixture
def site(tmp_path, processes, start_targets):
    targets = start_targets(2)
    configuration = Configuration(
        tmp_path / 'daruma', [target_group(targets)],
        rules=[{'Priority': 1, 'Conditions': [{'Field': 'path-pattern', 'Values': ['/gone']}],
                'Actions': [{'Type': 'fixed-response',
                             'FixedResponseConfig': {'StatusCode': '410'}}]}])
    (configuration.folder / 'reader.secret').write_text(READER_SECRET + '\n')
    configuration.value['Admin']['AccessKeys'] = [
        {'Id': KEY, 'Secret': SECRET},
        {'Id': READER, 'SecretFile': 'reader.secret', 'Role': 'read-only'}]
    configuration.write()
    daruma = processes.enter_context(Daruma(configuration))
    daruma.wait_for_health({target.name: 'healthy' for target in targets})
    return daruma


def by_query(daruma, key=KEY, secret=SECRET):
    """Debian's boto3, which knows the Query protocol only."""
    return boto3.Session().client(
        'cloudwatch', endpoint_url=daruma.admin, aws_access_key_id=key,
        aws_secret_access_key=secret, region_name='eu-central-1',
        config=botocore.config.Config(retries={'max_attempts': 0}))


def post(daruma, path, body, fields):
    request = botocore.awsrequest.AWSRequest('POST', daruma.admin + path, data=body,
                                             headers=fields)
    credentials = botocore.credentials.Credentials(KEY, SECRET)
    botocore.auth.SigV4Auth(credentials, 'monitoring', 'us-east-1').add_auth(request)
    with new_session() as session:
        return session.post(request.url, data=request.data, headers=dict(request.headers),
                            timeout=10)


def by_json(daruma, operation, more=None, **members):
    """As newer SDKs ask."""
    body = json.dumps(members).encode()
    if more:
        body = gzip.compress(body)
    answer = post(daruma, '/', body, {
        'Content-Type': 'application/x-amz-json-1.0', 'x-amzn-query-mode': 'true',
        'X-Amz-Target': f'GraniteServiceVersion20100801.{operation}', **(more or {})})
    assert answer.headers['Content-Type'] == 'application/x-amz-json-1.0'
    return answer, json.loads(answer.text)


def by_cbor(daruma, operation, **members):
    answer = post(daruma, f'/service/GraniteServiceVersion20100801/operation/{operation}',
                  cbor2.dumps(members, timezone=datetime.timezone.utc),
                  {'Content-Type': 'application/cbor', 'Accept': 'application/cbor',
                   'smithy-protocol': 'rpc-v2-cbor'})
    assert answer.headers['smithy-protocol'] == 'rpc-v2-cbor'
    return answer, cbor2.loads(answer.content)


def hour_around():
    now = datetime.datetime.now(datetime.timezone.utc)
    half = datetime.timedelta(minutes=30)
    return {'StartTime': now - half, 'EndTime': now + half}


def balancer_of(cloudwatch):
    return next(dimension for metric in cloudwatch.list_metrics(Namespace=ALB)['Metrics']
                for dimension in metric['Dimensions'] if dimension['Name'] == 'LoadBalancer')


def sums(cloudwatch, names, dimensions, space=ALB):
    """Metric → the sum of all its datapoints of this hour."""
    return {name: sum(point['Sum'] for point in cloudwatch.get_metric_statistics(
        Namespace=space, MetricName=name, Dimensions=dimensions, Period=60, Statistics=['Sum'],
        **hour_around())['Datapoints']) for name in names}


def test_figures_are_what_the_clients_counted(site):
    cloudwatch = by_query(site)
    wait_until('a first collection', lambda: cloudwatch.list_metrics(Namespace=ALB)['Metrics'], 30)
    for path, times in {'/': 23, '/status/404': 5, '/status/503': 3, '/gone': 7}.items():
        for _ in range(times):
            site.get(path, tls=path == '/')
    expected = {'RequestCount': 31, 'HTTPCode_Target_2XX_Count': 23,
                'HTTPCode_Target_4XX_Count': 5, 'HTTPCode_Target_5XX_Count': 3,
                'HTTPCode_ELB_4XX_Count': 7, 'HTTP_Fixed_Response_Count': 7,
                'HTTPCode_ELB_5XX_Count': 0, 'HTTPCode_ELB_502_Count': 0}
    balancer = balancer_of(cloudwatch)
    wait_until('the counts', lambda: sums(cloudwatch, expected, [balancer]) == expected, 30)

    asked = {'Namespace': ALB, 'MetricName': 'HTTPCode_Target_4XX_Count',
             'Dimensions': [balancer], 'Period': 3600, 'Statistics': ['Sum', 'SampleCount']}
    hour = hour_around()
    seconds = {name: at.timestamp() for name, at in hour.items()}
    old = cloudwatch.get_metric_statistics(**asked, **hour)
    _, in_json = by_json(site, 'GetMetricStatistics', **asked, **seconds)
    _, in_cbor = by_cbor(site, 'GetMetricStatistics', **asked, **hour)
    assert old['Label'] == in_json['Label'] == in_cbor['Label'] == 'HTTPCode_Target_4XX_Count'
    for point, json_point, cbor_point in zip(old['Datapoints'], in_json['Datapoints'],
                                             in_cbor['Datapoints'], strict=True):
        assert point == cbor_point
        assert point == {**json_point, 'Timestamp': datetime.datetime.fromtimestamp(
            json_point['Timestamp'], datetime.timezone.utc)}
        assert point['Sum'] == 5 and point['Unit'] == 'Count'


def test_percentiles_are_within_two_percent(site):
    cloudwatch = by_query(site)
    for _ in range(20):
        assert site.get('/slow/300').status_code == 200
    wait_until('response times', lambda: any(
        metric['MetricName'] == 'TargetResponseTime'
        for metric in cloudwatch.list_metrics(Namespace=ALB)['Metrics']), 30)

    def found():
        points = cloudwatch.get_metric_statistics(
            Namespace=ALB, MetricName='TargetResponseTime', Dimensions=[balancer_of(cloudwatch)],
            Period=3600, ExtendedStatistics=['p50', 'p99.9'], **hour_around())['Datapoints']
        return points[0]['ExtendedStatistics'] if points else {}
    values = wait_until('percentiles', found, 30)
    assert 0.300 * 0.98 <= values['p50'] <= 0.300 * 1.15  # the target and the machine take longer
    assert values['p99.9'] >= values['p50']


def test_what_is_put_in_one_form_is_read_in_another(site):
    now = time.time()
    datum = {'MetricName': 'Orders', 'Dimensions': [{'Name': 'Till', 'Value': '1 & <2>'}],
             'Value': 2.5, 'Unit': 'Count'}
    by_query(site).put_metric_data(Namespace='Shop', MetricData=[datum])
    assert by_json(site, 'PutMetricData', more={'Content-Encoding': 'gzip'}, Namespace='Shop',
                   MetricData=[{**datum, 'Timestamp': now}])[0].status_code == 200
    assert by_cbor(site, 'PutMetricData', Namespace='Shop', MetricData=[
        {**datum, 'Timestamp': datetime.datetime.fromtimestamp(now, datetime.timezone.utc)}
    ])[0].status_code == 200
    listed = by_query(site).list_metrics(Namespace='Shop')['Metrics']
    assert listed == [{'Namespace': 'Shop', 'MetricName': 'Orders',
                       'Dimensions': datum['Dimensions']}]
    assert sums(by_query(site), ['Orders'], datum['Dimensions'], 'Shop') == {'Orders': 7.5}


def test_errors_have_their_names_in_every_form(site):
    wrong = {'Namespace': 'Shop', 'MetricData': [{'MetricName': 'Orders', 'Value': 1,
                                                  'Values': [1]}]}
    message = ('The parameters MetricData.member.1.Value and MetricData.member.1.Values are '
               'mutually exclusive and you have specified both.')
    with pytest.raises(ClientError) as problem:
        by_query(site).put_metric_data(**wrong)
    assert problem.value.response['Error'] == {
        'Type': 'Sender', 'Code': 'InvalidParameterCombination', 'Message': message}
    for ask in (by_json, by_cbor):
        answer, body = ask(site, 'PutMetricData', **wrong)
        assert answer.status_code == 400
        assert body == {'__type': 'InvalidParameterCombinationException', 'message': message}
        assert answer.headers['x-amzn-query-error'] == 'InvalidParameterCombination;Sender'
    with pytest.raises(ClientError) as problem:
        by_query(site, READER, READER_SECRET).put_metric_data(**wrong)
    assert problem.value.response['Error']['Code'] == 'AccessDenied'
    assert by_query(site, READER, READER_SECRET).list_metrics(Namespace='Shop')['Metrics'] == []
    request = botocore.awsrequest.AWSRequest(
        'POST', site.admin + '/', data=b'{}',
        headers={'X-Amz-Target': 'GraniteServiceVersion20100801.ListMetrics'})
    assert 'InvalidSignatureException' in send_signed(request, 'acm').text


def test_hostile_bodies_are_refused(site):
    path = '/service/GraniteServiceVersion20100801/operation/ListMetrics'
    fields = {'Content-Type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor'}
    for body in (b'\x81' * 500_000, b'\xc1' * 500_000, b'\x9b\x00\x00\x00\x00\xff\xff\xff\xff',
                 b'\xbf', b'\x01'):
        answer = post(site, path, body, fields)
        assert answer.status_code == 400, body[:10]
        assert cbor2.loads(answer.content)['__type'] == 'SerializationException'
    bomb = gzip.compress(b'{"Namespace": "' + b'x' * 10_000_000 + b'"}')
    answer, body = by_json(site, 'ListMetrics')
    assert answer.status_code == 200
    answer = post(site, '/', bomb, {
        'Content-Type': 'application/x-amz-json-1.0', 'Content-Encoding': 'gzip',
        'X-Amz-Target': 'GraniteServiceVersion20100801.ListMetrics'})
    assert answer.status_code == 413
    assert site.get('/').status_code == 200
