# SPDX-License-Identifier: Apache-2.0
"""The CloudWatch API in its three wire forms: what clients counted is what it says."""
import datetime
import gzip
import json
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore.awsrequest
import botocore.config
import cbor2
import pytest
from botocore.exceptions import ClientError

from aws import KEY, READER, READER_SECRET, SECRET, send_signed
from harness import ROOT, Configuration, Daruma, new_session, target_group, wait_until

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


DELAYS = [100] * 40 + [200] * 40 + [400] * 15 + [800] * 5  # milliseconds of the target
ROUNDED = 0.0005  # the access log counts in milliseconds


def around(values, percentile):
    """The values that stand at a percentile, one to each side of it as well: the definitions of a
    percentile differ in whether they look up, down or between."""
    ordered, place = sorted(values), percentile / 100 * len(values)
    return ordered[max(int(place) - 1, 0)], ordered[min(int(place) + 1, len(values) - 1)]


def test_percentiles_are_within_two_percent(site):
    """Of what was logged of each request. And not below what the target was told to wait, nor above
    what the client counted: three clocks, of which none is the histogram's."""
    cloudwatch = by_query(site)
    wait_until('the hour does not end', lambda: time.time() % 3600 < 3500, 120)

    def request(delay):
        began = time.monotonic()
        assert site.get(f'/slow/{delay}').status_code == 200
        return time.monotonic() - began
    with ThreadPoolExecutor(8) as pool:
        counted = list(pool.map(request, DELAYS))
    wait_until('all are logged', lambda: len(site.log_lines()) == len(DELAYS))
    logged = [float(line.split(' ')[6]) for line in site.log_lines()]
    wait_until('a first collection', lambda: cloudwatch.list_metrics(Namespace=ALB)['Metrics'], 30)
    asked = {'Namespace': ALB, 'MetricName': 'TargetResponseTime', 'Period': 3600,
             'Dimensions': [balancer_of(cloudwatch)], **hour_around()}

    def all_are_counted():
        points = cloudwatch.get_metric_statistics(**asked, Statistics=['SampleCount'])['Datapoints']
        return [point['SampleCount'] for point in points] == [len(DELAYS)]
    wait_until('all are counted', all_are_counted, 30)
    point, = cloudwatch.get_metric_statistics(
        **asked, ExtendedStatistics=['p10', 'p50', 'p90', 'p97', 'p99.9'])['Datapoints']
    for name, shown in point['ExtendedStatistics'].items():
        least, most = around(logged, float(name[1:]))
        print(f'{name}: {shown:.4f} s shown, {least:.3f} to {most:.3f} s logged')
        assert 0.98 * (least - ROUNDED) <= shown <= 1.02 * (most + ROUNDED), name
        assert 0.98 * around([each / 1000 for each in DELAYS], float(name[1:]))[0] <= shown, name
        assert shown <= 1.02 * around(counted, float(name[1:]))[1], name


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


def query(name, stat='Sum', period=60, identity='m1', **members):
    return {'Id': identity, 'MetricStat': {
        'Metric': {'Namespace': 'Shop', 'MetricName': name}, 'Period': period, 'Stat': stat},
            **members}


def expression(identity, text):
    return {'Id': identity, 'Expression': text}


def test_metric_math_is_the_same_in_every_form(site):
    minute = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
    start = minute - datetime.timedelta(minutes=5)
    cloudwatch = by_query(site)
    cloudwatch.put_metric_data(Namespace='Shop', MetricData=[
        {'MetricName': name, 'Value': value,
         'Timestamp': start + datetime.timedelta(minutes=at, seconds=7)}
        for name, values in {'Orders': [10, 20, None, 40], 'Errors': [1, None, None, 8]}.items()
        for at, value in enumerate(values) if value is not None])
    asked = {'MetricDataQueries': [
        query('Orders', ReturnData=False), query('Errors', identity='m2', ReturnData=False),
        expression('rate', '100 * FILL(m2, 0) / m1'), expression('both', 'SUM(METRICS())')]}
    times = {'StartTime': start, 'EndTime': minute}
    seconds = {name: at.timestamp() for name, at in times.items()}
    old = cloudwatch.get_metric_data(**asked, **times, ScanBy='TimestampAscending')
    _, in_json = by_json(site, 'GetMetricData', **asked, **seconds, ScanBy='TimestampAscending')
    _, in_cbor = by_cbor(site, 'GetMetricData', **asked, **times, ScanBy='TimestampAscending')
    assert [(result['Id'], result['Values']) for result in old['MetricDataResults']] == [
        ('rate', [10, 0, 20]), ('both', [11, 20, 48])]
    assert old['MetricDataResults'] == in_cbor['MetricDataResults']
    for result in in_json['MetricDataResults']:
        result['Timestamps'] = [datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
                                for at in result['Timestamps']]
    assert old['MetricDataResults'] == in_json['MetricDataResults']


RECORDED = ROOT.parent / 'shared/vectors/cloudwatch/test_cloudwatch.snapshot.json'


@pytest.mark.skipif(not RECORDED.exists(), reason='the recordings are not at hand')
def test_answers_are_as_recorded(site):
    recorded = {name.split('::')[-1]: value['recorded-content']
                for name, value in json.loads(RECORDED.read_text()).items()}
    cloudwatch = by_query(site)
    now = datetime.datetime.now(datetime.timezone.utc)
    times = {'StartTime': now - datetime.timedelta(minutes=5),
             'EndTime': now + datetime.timedelta(minutes=1)}

    def put(space, *data):
        cloudwatch.put_metric_data(Namespace=space, MetricData=[
            {'MetricName': 'metric1', 'Timestamp': now, **datum} for datum in data])

    def same(answer, test, step, strip=('Timestamp', 'Timestamps')):
        def plain(value):
            if isinstance(value, dict):
                return {name: 'timestamp' if name in strip else plain(inner)
                        for name, inner in value.items() if name != 'ResponseMetadata'}
            return [plain(inner) for inner in value] if isinstance(value, list) else value
        assert plain(answer) == plain(recorded[test][step]), test

    def refusal(call, **members):
        with pytest.raises(ClientError) as problem:
            call(**members)
        return problem.value.response['Error']

    put('Values', {'MetricName': 'test-metric', 'Unit': 'Count',
                   'Values': [1.0, 10.0], 'Counts': [2, 4]})
    same(cloudwatch.get_metric_statistics(
        Namespace='Values', MetricName='test-metric', Period=3600,
        Statistics=['Sum', 'SampleCount', 'Maximum'],
        **{**times, 'StartTime': now - datetime.timedelta(minutes=59)}),
        'test_put_metric_data_values_list[query]', 'get_metric_statistics')
    put('Plain', *({'MetricName': 'metric', 'Value': value} for value in range(10)))
    same(cloudwatch.get_metric_statistics(
        Namespace='Plain', MetricName='metric', Period=3600, **times,
        Statistics=['Average', 'Sum', 'Minimum', 'Maximum', 'SampleCount']),
        'test_get_metric_statistics[query]', 'get_metric_statistics')
    put('Stats', *({'Value': value} for value in range(1, 12)))
    for stat in ('Sum', 'SampleCount', 'Minimum', 'Maximum', 'Average'):
        wanted = query('metric1', stat, 3600, 'result1')
        wanted['MetricStat']['Metric']['Namespace'] = 'Stats'
        same(cloudwatch.get_metric_data(MetricDataQueries=[wanted], **times),
             f'test_get_metric_data_stats[query-{stat}]', 'get_metric_data')
    missing = query('nothing', 'Sum', 60, 'result', Label='<label:1>')
    same(cloudwatch.get_metric_data(MetricDataQueries=[missing], **times),
         'test_get_metric_with_no_results[query]', 'result')

    datum = {'MetricName': 'metric1', 'Value': 1, 'Values': [1], 'Counts': [1, 2]}
    for step, members in {'invalid-param-combination': ('MetricName', 'Value', 'Values'),
                          'invalid-param-value': ('MetricName', 'Values', 'Counts')}.items():
        chosen = {name: datum[name] for name in members}
        expected = recorded['test_put_metric_data_validation[query]'][step]['Error']
        assert refusal(cloudwatch.put_metric_data, Namespace='X', MetricData=[chosen]) == expected
        answer, body = by_json(site, 'PutMetricData', Namespace='X', MetricData=[chosen])
        in_json = recorded['test_put_metric_data_validation[json]'][step]
        assert body['message'] == in_json['message']
        assert body['__type'] == in_json['Error']['QueryErrorCode']
        assert answer.headers['x-amzn-query-error'] == f'{in_json["Error"]["Code"]};Sender'
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    statistics = {'Namespace': 'X', 'MetricName': 'metric_name', 'Statistics': ['Sum']}
    test = recorded['test_invalid_amount_of_datapoints[query]']
    assert refusal(cloudwatch.get_metric_statistics, **statistics, Period=60,
                   StartTime=day - datetime.timedelta(days=60), EndTime=day
                   ) == test['error-invalid-amount-datapoints']['Error']
    assert refusal(cloudwatch.get_metric_statistics, **statistics, Period=60, StartTime=day,
                   EndTime=day) == test['error-invalid-time-frame']['Error']


def test_figures_survive_a_restart(site):
    cloudwatch = by_query(site)
    for _ in range(12):
        site.get('/')
    wait_until('a first collection', lambda: cloudwatch.list_metrics(Namespace=ALB)['Metrics'], 30)
    balancer = balancer_of(cloudwatch)

    def requests():
        return sums(by_query(site), ['RequestCount'], [balancer])['RequestCount']
    wait_until('12 requests', lambda: requests() == 12, 30)
    for _ in range(3):
        site.get('/')  # what no collection has seen yet is taken along at the end
    assert site.stop() == 0
    with Daruma(site.configuration) as again:
        wait_until('15 requests', lambda: sums(by_query(again), ['RequestCount'], [balancer])
                   == {'RequestCount': 15}, 30)
        again.get('/')
        again.kill()
    file = site.folder / 'data/metrics.db'
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(b'no database' * 1000)
    with Daruma(site.configuration) as without:
        assert without.get('/').status_code == 200
        assert 'in memory only' in without.output()


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
