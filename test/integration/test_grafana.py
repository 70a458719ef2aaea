# SPDX-License-Identifier: Apache-2.0
"""The dashboard and the alert rules of packaging/grafana, against what a daruma really gives."""
import json
import re
import subprocess

import pytest

from metrics import samples
from processes import ROOT, program, wait_until

FOLDER = ROOT / 'packaging/grafana'
RULES = FOLDER / 'daruma-alerts.yaml'
DASHBOARD = json.loads((FOLDER / 'daruma-dashboard.json').read_text())
METRIC = re.compile(r'\bdaruma_[a-z0-9_]+')
PANELS = {'row', 'timeseries', 'stat', 'state-timeline'}


def plain(expression):
    """As Prometheus gets it, once Grafana has filled in its variables."""
    return (expression.replace('$__rate_interval', '1m').replace('$instance', '.*')
            .replace('$lb', '.*').replace('$target_group', '.*'))


def expressions():
    return [target['expr'] for panel in DASHBOARD['panels'] for target in panel.get('targets', ())]


def variables():
    return {variable['name'] for variable in DASHBOARD['templating']['list']}


def test_promtool_takes_the_rules():
    checked = subprocess.run([program('promtool'), 'check', 'rules', RULES], capture_output=True,
                             text=True, timeout=30, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert re.search(r'SUCCESS: (\d+) rules found', checked.stdout).group(1) == str(
        RULES.read_text().count('- alert:'))


def test_promtool_takes_the_expressions_of_the_dashboard(tmp_path):
    rules = tmp_path / 'rules.json'  # JSON is YAML
    rules.write_text(json.dumps({'groups': [{'name': 'dashboard', 'rules': [
        {'record': f'panel:{n}', 'expr': plain(expression)}
        for n, expression in enumerate(expressions())]}]}))
    checked = subprocess.run([program('promtool'), 'check', 'rules', rules], capture_output=True,
                             text=True, timeout=30, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize('what', ['rules', 'dashboard'])
def test_every_metric_that_is_named_is_there(site, what):
    text = RULES.read_text() if what == 'rules' else json.dumps(DASHBOARD)
    site.get('/')
    scraped = site.metrics()
    types = set(re.findall(r'^# TYPE (\S+)', scraped, re.M))
    named = {re.sub(r'_(bucket|sum|count)$', '', name) if name not in types else name
             for name in METRIC.findall(text)}
    assert named, 'nothing is named'
    documented = (ROOT / 'docs/metrics.md').read_text()
    assert all(f'`{name}`' in documented for name in named)
    assert named - types <= {'daruma_advice'}, 'but for advice, which there is none to give'


def test_labels_that_are_asked_for_are_there(site):
    site.get('/')
    scraped = site.metrics()
    for expression in expressions():
        for name, labels in re.findall(r'(daruma_\w+)\{([^}]*)\}', expression):
            wanted = set(re.findall(r'(\w+)=~?"', labels)) - {'instance'}
            if name == 'daruma_advice':
                continue  # there is none to give
            there = samples(scraped, name)
            assert there and wanted <= set(there[0][0]), (name, wanted)


def test_the_dashboard_is_one_that_grafana_imports():
    assert DASHBOARD['schemaVersion'] >= 36
    assert (DASHBOARD['uid'], DASHBOARD['title']) == ('daruma', 'Daruma')
    panels = DASHBOARD['panels']
    assert len({panel['id'] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        assert panel['type'] in PANELS and panel['title']
        at = panel['gridPos']
        assert at['x'] + at['w'] <= 24
        cells = {(x, y) for x in range(at['x'], at['x'] + at['w'])
                 for y in range(at['y'], at['y'] + at['h'])}
        assert not cells & taken, f'{panel["title"]} lies over another'
        taken |= cells
        if panel['type'] == 'row':
            continue
        assert panel['datasource'] == {'type': 'prometheus', 'uid': '${datasource}'}
        references = [target['refId'] for target in panel['targets']]
        assert references and len(set(references)) == len(references)
    used = set(re.findall(r'\$\{?([a-z_]+)\}?', json.dumps(DASHBOARD)))
    assert used - {'__rate_interval', '__all'} <= variables()


def test_no_label_comes_from_a_request(site):
    """Whatever a client sends: the metrics have the series that they had."""
    def series():
        return {line.rsplit(' ', 1)[0] for line in site.metrics().splitlines()
                if not line.startswith('#')}
    site.get('/')
    site.get('/', tls=True)
    before = series()
    mark = 'made-up-by-a-client'
    for tls in (False, True):
        site.get(f'/{mark}?{mark}=1', tls=tls, method='GET', headers={
            'Host': f'{mark}.example', 'User-Agent': mark, 'X-Amzn-Trace-Id': f'Root={mark}',
            'X-Forwarded-For': mark, 'Cookie': f'AWSALB={mark}', mark: mark})
    with site.connect() as connection:
        connection.sendall(f'{mark.upper()} / HTTP/1.1\r\nHost: {mark}\r\n'
                           'Connection: close\r\n\r\n'.encode())
        while connection.recv(65536):
            pass
    after = series()
    assert mark not in site.metrics().lower()
    assert len(after - before) <= 40, after - before  # new classes of status and reasons at most
    assert all(re.search(r'(code|reason|le)="', new) for new in after - before), after - before


def test_series_of_a_target_that_is_gone_disappear(tmp_path, start_targets, serve):
    targets = start_targets(2)
    daruma = serve(targets, group={
        'Attributes': {'deregistration_delay.timeout_seconds': '0'}})  # it drains no longer
    for _ in range(4):
        daruma.get('/')
    gone = targets[0].name
    assert f'target="{gone}"' in daruma.metrics()
    group = daruma.configuration.value['TargetGroups'][0]
    group['Targets'] = [target for target in group['Targets'] if target['Id'] != '127.0.0.2']
    daruma.configuration.write()
    assert daruma.reload().returncode == 0
    wait_until('its series are gone', lambda: f'target="{gone}"' not in daruma.metrics())
    assert f'target="{targets[1].name}"' in daruma.metrics()
