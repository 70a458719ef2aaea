# SPDX-License-Identifier: Apache-2.0
"""Alarms go off, and people hear of it: by webhook, mail, command and Mackerel. docs/alarms.md."""
import json
import time

import pytest

from aws import KEY, SECRET
from fake_mackerel import KEY as MACKEREL_KEY
from fake_mackerel import FakeMackerel
from harness import (DARUMA, Configuration, Daruma, make_certificate, run, seconds_of_work,
                     target_group, wait_until)
from notice_sinks import MailServer, Webhook
from test_cloudwatch import by_query

NO_TARGET = 'daruma-no-healthy-target-group'


@pytest.fixture
def webhook():
    with Webhook() as made:
        yield made


def configure(folder, targets, **alarms):
    configuration = Configuration(folder, [target_group(targets)])
    configuration.value['Admin']['AccessKeys'] = [{'Id': KEY, 'Secret': SECRET}]
    configuration.value['Alarms'] = alarms
    configuration.write()
    return configuration


def admin(daruma):
    return f'127.0.0.1:{daruma.configuration.admin_port}'


def states(daruma):
    return {alarm['AlarmName']: alarm['StateValue']
            for alarm in daruma.ask_admin('/alarms').json()['Alarms']}


def put_alarm(daruma, name='mine', **members):
    by_query(daruma).put_metric_alarm(**{
        'AlarmName': name, 'Namespace': 'Mine', 'MetricName': 'Depth', 'Statistic': 'Maximum',
        'Period': 60, 'EvaluationPeriods': 1, 'Threshold': 5.0, 'TreatMissingData': 'ignore',
        'ComparisonOperator': 'GreaterThanThreshold',
        'AlarmActions': ['arn:aws:sns:us-east-1:000000000000:ops'],
        'OKActions': ['arn:aws:sns:us-east-1:000000000000:ops'], **members})


def set_state(daruma, name, state, reason='for the test'):
    by_query(daruma).set_alarm_state(AlarmName=name, StateValue=state, StateReason=reason)


def test_no_healthy_target_is_told_everywhere_and_so_is_its_end(tmp_path, processes, start_targets,
                                                                webhook):
    told = tmp_path / 'told.json'
    with MailServer() as mail, FakeMackerel() as mackerel:
        folder = tmp_path / 'daruma'
        targets = start_targets(1)
        configuration = configure(
            folder, targets, ConsoleUrl='https://lb.example.com',
            Webhooks=[{'Name': 'ops', 'UrlFile': 'hook.url'}],
            Mail=[{'Name': 'duty', 'Server': f'smtp://127.0.0.1:{mail.port}',
                   'From': 'daruma@example.com', 'To': ['a@example.com', 'b@example.com']}],
            Commands=[{'Name': 'file', 'Command': ['sh', '-c', 'cat >> "$0"', str(told)]}])
        (folder / 'hook.url').write_text(webhook.url + '\n')
        configuration.value['Mackerel'] = {'ApiKey': MACKEREL_KEY, 'BaseUrl': mackerel.url,
                                           'Service': 'shop', 'IntervalSeconds': 1}
        configuration.write()
        daruma = processes.enter_context(Daruma(configuration))
        daruma.wait_for_health({target.name: 'healthy' for target in targets})
        wait_until('the alarm is there', lambda: states(daruma).get(NO_TARGET) == 'OK', 40)
        assert webhook.bodies == []

        targets[0].kill()
        wait_until('the webhook is told', lambda: f'ALARM: {NO_TARGET}' in webhook.titles(), 90)
        attachment = webhook.bodies[0]['attachments'][0]
        assert attachment['color'] == 'danger'
        assert attachment['title_link'] == f'https://lb.example.com/console/#/alarms/{NO_TARGET}'
        assert 'No target of group is healthy' in attachment['text']
        assert 'Threshold Crossed: 3 out of the last 3 datapoints' in attachment['text']
        wait_until('the mail is there', lambda: mail.mails)
        sender, recipients, message = mail.mails[0]
        assert (sender, recipients) == ('daruma@example.com', ['a@example.com', 'b@example.com'])
        assert message['Subject'] == f'ALARM: {NO_TARGET}'
        assert 'No target of group is healthy' in mail.text()
        wait_until('the program was started', told.exists)
        wait_until('and is told', lambda: told.read_text().endswith('\n'))
        notice = json.loads(told.read_text().splitlines()[0])['notices'][0]
        assert (notice['alarm'], notice['state']) == (NO_TARGET, 'ALARM')
        def reports():  # what it was told of that alarm; of all it may know that they are well
            return [each for each in mackerel.reports if each['name'] == NO_TARGET]
        wait_until('Mackerel is told', lambda: reports() and reports()[-1]['status'] != 'OK')
        report = reports()[-1]
        host = mackerel.hosts[report['source']['hostId']]
        assert host['customIdentifier'] == 'web.daruma.internal'
        assert (report['name'], report['status']) == (NO_TARGET, 'CRITICAL')

        processes.enter_context(targets[0].again())
        wait_until('it is over', lambda: f'OK: {NO_TARGET}' in webhook.titles(), 90)
        wait_until('Mackerel knows', lambda: reports()[-1]['status'] == 'OK')
        wait_until('the mail knows',
                   lambda: mail.mails[-1][2]['Subject'] == f'OK: {NO_TARGET}', 40)
        assert mackerel.broken == []


def test_what_is_not_delivered_is_kept_over_a_crash(tmp_path, processes, webhook):
    target = {'Id': '127.0.0.9', 'Port': 9}
    configuration = configure(tmp_path, [target], Defaults=False,
                              Webhooks=[{'Name': 'ops', 'Url': webhook.url}])
    daruma = processes.enter_context(Daruma(configuration))
    webhook.answer_with = 500
    put_alarm(daruma)
    set_state(daruma, 'mine', 'ALARM')
    wait_until('it was refused', lambda: webhook.refused)
    assert states(daruma) == {'mine': 'ALARM'}
    daruma.kill()
    webhook.answer_with = 200
    again = processes.enter_context(Daruma(configuration))
    wait_until('it is told', lambda: webhook.titles() == ['ALARM: mine'])
    assert states(again) == {'mine': 'ALARM'}
    history = by_query(again).describe_alarm_history(AlarmName='mine')['AlarmHistoryItems']
    assert [item['HistoryItemType'] for item in history] == [
        'Action', 'StateUpdate', 'ConfigurationUpdate']


def test_what_came_while_a_webhook_hung_is_kept_over_a_crash(tmp_path, processes, webhook):
    configuration = configure(tmp_path, [{'Id': '127.0.0.9', 'Port': 9}], Defaults=False,
                              Webhooks=[{'Name': 'ops', 'Url': webhook.url}])
    daruma = processes.enter_context(Daruma(configuration))
    for name in ('first', 'second'):
        put_alarm(daruma, name)
    webhook.hold.clear()
    set_state(daruma, 'first', 'ALARM')
    wait_until('the webhook is asked', lambda: webhook.asked == 1)
    set_state(daruma, 'second', 'ALARM')
    daruma.kill()
    webhook.answer_with = 500  # whoever is still asked
    webhook.hold.set()
    wait_until('the first has been refused', lambda: webhook.refused == 1)
    webhook.answer_with = 200
    again = processes.enter_context(Daruma(configuration))
    wait_until('both are told', lambda: sorted(webhook.titles()) == [
        'ALARM: first', 'ALARM: second'])
    assert states(again) == {'first': 'ALARM', 'second': 'ALARM'}


def test_what_a_crash_came_upon_is_reported_to_mackerel(tmp_path, processes):
    with FakeMackerel() as mackerel:
        configuration = configure(tmp_path, [{'Id': '127.0.0.9', 'Port': 9}], Defaults=False)
        configuration.value['Mackerel'] = {
            'ApiKey': MACKEREL_KEY, 'BaseUrl': mackerel.url, 'IntervalSeconds': 1}
        configuration.write()
        daruma = processes.enter_context(Daruma(configuration))
        put_alarm(daruma, AlarmActions=['arn:aws:sns:us-east-1:000000000000:mackerel'])
        with mackerel.lock:  # every answer waits for it
            wait_until('a push hangs', lambda: mackerel.waiting)
            set_state(daruma, 'mine', 'ALARM')
            daruma.kill()
        processes.enter_context(Daruma(configuration))
        wait_until('it is told', lambda: [
            (report['name'], report['status']) for report in mackerel.reports] == [
                ('mine', 'CRITICAL')], 30)
        assert mackerel.broken == []


def test_a_webhook_that_hangs_delays_nobody(tmp_path, processes, start_targets, webhook):
    with Webhook() as other:
        targets = start_targets(1)
        daruma = processes.enter_context(Daruma(configure(
            tmp_path / 'daruma', targets, Defaults=False,
            Webhooks=[{'Name': 'ops', 'Url': webhook.url}, {'Name': 'more', 'Url': other.url}])))
        daruma.wait_for_health({target.name: 'healthy' for target in targets})
        arn = 'arn:aws:sns:us-east-1:000000000000:'
        put_alarm(daruma, AlarmActions=[arn + 'ops', arn + 'more'])
        before = seconds_of_work(daruma, lambda: states(daruma))
        webhook.hold.clear()
        set_state(daruma, 'mine', 'ALARM')
        wait_until('the other one is told', lambda: 'ALARM: mine' in other.titles(), 5)
        wait_until('the first one hangs', lambda: webhook.held)
        during = seconds_of_work(daruma, lambda: states(daruma))
        assert webhook.held, 'it hung all the time'
        webhook.hold.set()
        wait_until('it is told late', lambda: webhook.titles() == ['ALARM: mine'])
        after = seconds_of_work(daruma, lambda: states(daruma))
        print(f'{before:.3f} s before, {during:.3f} s meanwhile, {after:.3f} s after')
        assert during <= 3 * max(before, after)


def test_a_node_stops_while_a_webhook_hangs(tmp_path, processes, webhook):
    daruma = processes.enter_context(Daruma(configure(
        tmp_path / 'daruma', [{'Id': '127.0.0.9', 'Port': 9}], Defaults=False,
        Webhooks=[{'Name': 'ops', 'Url': webhook.url}])))
    put_alarm(daruma)
    webhook.hold.clear()
    set_state(daruma, 'mine', 'ALARM')
    wait_until('it hangs', lambda: webhook.held)
    began = time.monotonic()
    assert daruma.stop() == 0
    assert time.monotonic() - began < 10


def test_a_test_is_told_now(tmp_path, processes, webhook):
    target = {'Id': '127.0.0.9', 'Port': 9}
    daruma = processes.enter_context(Daruma(configure(
        tmp_path, [target], Webhooks=[{'Name': 'ops', 'Url': webhook.url}])))
    put_alarm(daruma)
    answer = run([DARUMA, 'alarms', 'test', 'mine', '--admin', admin(daruma)])
    assert (answer.returncode, answer.stderr) == (0, '')
    wait_until('it is told', lambda: webhook.titles() == ['TEST INSUFFICIENT_DATA: mine'], 5)
    wrong = run([DARUMA, 'alarms', 'test', 'nobody', '--admin', admin(daruma)])
    assert (wrong.returncode, "there is no alarm 'nobody'" in wrong.stderr) == (1, True)
    set_state(daruma, 'mine', 'ALARM', 'depth is 7')
    listed = run([DARUMA, 'alarms', 'list', '--admin', admin(daruma)])
    assert listed.stdout.splitlines()[0].split() == ['ALARM', 'mine']
    assert 'depth is 7' in listed.stdout
    # Together with what came meanwhile, since a way gets no more than a message in a while.
    assert run([DARUMA, 'alarms', 'test', 'mine', '--admin', admin(daruma)]).returncode == 0
    wait_until('both are told', lambda: webhook.titles()[1:] == ['ALARM: mine', 'TEST ALARM: mine'],
               5)
    assert len(webhook.bodies) == 2
    assert webhook.bodies[1]['text'] == '2 alarms: ALARM mine, mine'


def test_what_is_wrong_with_the_section_is_said(tmp_path):
    target = {'Id': '127.0.0.2', 'Port': 80}
    mail = {'Name': 'duty', 'Server': 'smtp://127.0.0.1:25', 'From': 'a@b', 'To': ['c@d']}
    for number, (alarms, said) in enumerate([
            ({'Webhooks': [{'Name': 'ops'}]}, 'Url is missing'),
            ({'Webhooks': [{'Name': 'ops', 'Url': 'ftp://x'}]}, 'begins with https://'),
            ({'Webhooks': [{'Name': 'a b', 'Url': 'http://x'}]}, 'Name must have 1 to 64'),
            ({'Webhooks': [{'Name': 'x', 'Url': 'http://x'}] * 2}, "'x' is given twice"),
            ({'Mail': [{**mail, 'Server': 'mail'}]}, 'Server is a mail server'),
            ({'Mail': [{**mail, 'To': []}]}, 'To is missing'),
            ({'Mail': [{**mail, 'From': 'nobody'}]}, 'is no mail address'),
            ({'Mail': [{**mail, 'User': 'u'}]}, 'User and PasswordFile go together'),
            ({'Commands': [{'Name': 'page'}]}, 'Command is missing'),
            ({'ConsoleUrl': 'lb'}, 'ConsoleUrl is where'),
            ({'Webhook': []}, 'did you mean Webhooks?')]):
        configuration = configure(tmp_path / str(number), [target], **alarms)
        answer = run([DARUMA, 'check', configuration.file])
        assert answer.returncode == 1
        assert said in answer.stderr, answer.stderr


@pytest.mark.parametrize('tls', [False, True])
def test_a_password_goes_to_no_mail_server_that_is_not_known(tmp_path, processes, tls):
    """One without STARTTLS, and one whose certificate nobody trusts, hear neither it nor a mail."""
    made = make_certificate(tmp_path, 'mail')
    certificate = [tmp_path / made['CertificateFile'], tmp_path / made['PrivateKeyFile']]
    with MailServer(certificate if tls else None) as mail:
        daruma = processes.enter_context(Daruma(configure(
            tmp_path / 'daruma', [{'Id': '127.0.0.9', 'Port': 9}], Defaults=False,
            Mail=[{'Name': 'duty', 'Server': f'smtp://127.0.0.1:{mail.port}',
                   'From': 'daruma@example.com', 'To': ['a@example.com'],
                   'User': 'daruma', 'Password': 'secret'}])))
        put_alarm(daruma)
        assert run([DARUMA, 'alarms', 'test', 'mine', '--admin', admin(daruma)]).returncode == 0
        wait_until('it was tried', lambda: any(word.startswith('EHLO') for word in mail.words))
        wait_until('it is said', lambda: 'duty' in daruma.output())
        assert not any(word.startswith(('AUTH', 'MAIL')) for word in mail.words)
        assert mail.mails == []


def test_a_full_disk_keeps_nobody_from_being_told(tmp_path, processes, start_targets, webhook):
    targets = start_targets(1)
    configuration = configure(tmp_path / 'daruma', targets, Defaults=False,
                              Webhooks=[{'Name': 'ops', 'Url': webhook.url}])
    daruma = processes.enter_context(Daruma(configuration))
    daruma.wait_for_health({targets[0].name: 'healthy'})
    put_alarm(daruma)

    def limit_files(size):  # RLIMIT_FSIZE: no file may be written beyond it, as on a full disk
        assert run(['prlimit', '--pid', daruma.pid, f'--fsize={size}:unlimited']).returncode == 0
    limit_files(1)
    set_state(daruma, 'mine', 'ALARM')
    wait_until('the webhook is told', lambda: webhook.titles() == ['ALARM: mine'])
    for _ in range(20):
        assert daruma.get('/').status_code == 200
    assert states(daruma) == {'mine': 'ALARM'}
    limit_files('unlimited')
    set_state(daruma, 'mine', 'OK')
    wait_until('so is the end', lambda: 'OK: mine' in webhook.titles(), 60)
    daruma.stop()
    again = processes.enter_context(Daruma(configuration))
    assert states(again) == {'mine': 'OK'}
