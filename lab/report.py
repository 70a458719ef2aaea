# SPDX-License-Identifier: Apache-2.0
"""What was found, as one HTML page that needs nothing else: no network, no scripts."""
import time
from html import escape
from pathlib import Path

from charts import Chart, bars, nice_top, strips
from rates import Profile
from table import COLUMNS, grouped, median_run, milliseconds, percent, rows, warnings

CSS = Path(__file__).parent / 'report.css'
LATENCY_TICKS = (0.1, 1, 10)
CAUSES_SHOWN = 8
KINDS = (('ok', 'ok', 'served'), ('5xx', 'fail', '5xx'), ('client', 'lost', 'gave up'),
         ('other', 'other', 'other answers'))
USERS_OF_CPU = (('targets', 'ok'), ('balancer', 'fail'), ('surge', 'lost'), ('lab', 'other'),
                ('others', 'even'))


def legend(*entries):
    return ' '.join(f'<span class="key {css}"></span>{escape(text)}' for css, text in entries)


def figure(title, caption, svg):
    return f'<figure><h3>{escape(title)}</h3><figcaption>{caption}</figcaption>{svg}</figure>'


def target_class(i):
    return f't{i % 6}'


def padded(name, values, length):
    """With nothing more happening."""
    return values + [None if name in ('p50', 'p99') else 0] * (length - len(values))


class Pictures:
    """Of one run, `seconds` wide."""

    def __init__(self, result, seconds):
        self.result, self.seconds = result, seconds
        self.series = {name: padded(name, values, seconds)
                       for name, values in result['series'].items() if name != 'causes'}
        self.causes_over_time = {name: padded(name, values, seconds)
                                 for name, values in result['series']['causes'].items()}
        self.surge = Profile(result['profile']).surge
        self.marks = [(event['time'], f'target {event["target"] + 1}: {event["what"]}'
                       + (f' {event["workers"]}' if event['workers'] else ''))
                      for event in result['events']]
        self.names = list(result['samples'][0]['targets'])

    def sampled(self, value):
        """value(sample) for each second; None where there is no sample of it."""
        found = [None] * self.seconds
        for sample in self.result['samples']:
            if 0 <= sample['t'] < self.seconds:
                found[sample['t']] = value(sample)
        return found

    def of_target(self, name, key):
        return self.sampled(lambda sample: sample['targets'].get(name, {}).get(key))

    def chart(self, *args, **options):
        chart = Chart(self.seconds, *args, **options)
        chart.shade(*self.surge)
        return chart

    def most_ended(self):
        """The most that was offered, or that ended, in a second."""
        ended = (sum(values) for values in zip(*(self.series[name] for name, _, _ in KINDS)))
        return max(max(self.series['offered']), *ended)

    def served(self, top=None, **options):
        series = self.series
        chart = self.chart(nice_top(top or self.most_ended()), **{'height': 150, **options})
        chart.grid()
        chart.layers([(series[name], css) for name, css, _ in KINDS])
        chart.line(self.result['capacity'][:int(Profile(self.result['profile']).seconds)],
                   'capacity')
        chart.line(series['offered'][:int(Profile(self.result['profile']).seconds)], 'offered')
        chart.marks(self.marks)
        chart.tooltips([f'{i} s: offered {series["offered"][i]}, ' + ', '.join(
            f'{text} {series[name][i]}' for name, _, text in KINDS) for i in range(self.seconds)])
        chart.axis()
        return chart.svg('requests offered and how they ended, each second')

    def health(self):
        def cell(sample_target):
            state = sample_target.get('state')
            if state is None:
                return ('', None, '')
            css = {'healthy': 'state-good', 'unhealthy': 'state-bad'}.get(state, 'state-other')
            told = f'{state} {sample_target.get("reason") or ""}'.strip()
            if sample_target.get('saturated') and state == 'healthy':
                return ('saturated', 'saturated', told + ', saturated')
            return (state, css, told)
        strip_rows = [(f'target {i + 1}, {name}', [
            value or ('', None, '') for value in self.sampled(
                lambda sample, name=name: cell(sample['targets'].get(name, {})))])
            for i, name in enumerate(self.names)]
        if not any(one[1] for _, cells in strip_rows for one in cells):
            return None
        return strips(strip_rows, self.seconds, self.surge, self.marks)

    def lines(self, key, extra=()):
        """A line for each target; extra: [(values, css)]."""
        values = [(self.of_target(name, key), target_class(i))
                  for i, name in enumerate(self.names)] + list(extra)
        top = nice_top(max((value or 0 for line, _ in values for value in line), default=1))
        chart = self.chart(top, 90)
        chart.grid()
        for line, css in values:
            chart.line(line, css)
        chart.marks([(second, '') for second, _ in self.marks])
        chart.axis()
        return chart.svg(key)

    def queues(self):
        waiting = self.sampled(lambda sample: sample['group'].get('waiting'))
        return self.lines('queue', [(waiting, 'waiting')])

    def connections(self):
        limits = [([value or None for value in self.of_target(name, 'limit')],
                   f'limit {target_class(i)}') for i, name in enumerate(self.names)]
        return self.lines('connections', limits)

    def latency(self):
        chart = self.chart(10, 110, low=0.1)
        chart.grid(LATENCY_TICKS)
        chart.line(self.series['p50'], 'p50')
        chart.line(self.series['p99'], 'p99')
        chart.tooltips([f'{i} s: median {p50:.2f} s, p99 {p99:.2f} s' if p50 is not None else ''
                        for i, (p50, p99) in enumerate(zip(self.series['p50'],
                                                           self.series['p99']))])
        chart.axis()
        return chart.svg('latency')

    def causes(self):
        causes = list(self.causes_over_time.items())
        if not causes:
            return None
        shown = causes[:CAUSES_SHOWN]
        rest = causes[CAUSES_SHOWN:]
        if rest:
            shown.append((f'{len(rest)} other causes',
                          [sum(values) for values in zip(*(values for _, values in rest))]))
        return bars([(f'{sum(values)} × {name}', values) for name, values in shown], self.seconds,
                    self.surge)

    def processor(self):
        chart = self.chart(100, 70, unit=' %')
        chart.grid()
        chart.layers([([100 * (value or 0) for value in self.sampled(
            lambda sample, who=who: sample['used'][who])], css) for who, css in USERS_OF_CPU])
        chart.axis()
        return chart.svg('who used the processor')

    def all(self):
        keys = legend(*((target_class(i), f'target {i + 1}') for i in range(len(self.names))))
        yield figure('Offered and served, each second', legend(
            ('offered', 'offered'), ('capacity', 'what the workers can answer'),
            *((css, text) for _, css, text in KINDS)), self.served())
        health = self.health()
        yield figure('Health, as the balancer sees it', legend(
            ('state-good', 'healthy'), ('saturated', 'healthy, known to be saturated'),
            ('state-bad', 'unhealthy')) if health else
            'This balancer has no health checks and does not tell whom it has put aside.',
            health or '')
        causes = self.causes()
        yield figure('Causes of failures, from the balancer\'s own log',
                     'requests a second' if causes else 'None: nothing failed.', causes or '')
        yield figure('Listen queue of each target', keys + legend(
            ('waiting', 'requests that wait in the balancer')), self.queues())
        yield figure('Connections to each target', keys + ' · dashed: the limit that was learned',
                     self.connections())
        yield figure('Latency, whatever the end', legend(
            ('p50', 'median'), ('p99', '99th percentile')) + ' (s, logarithmic)', self.latency())
        yield figure('Who used the processor', legend(
            *((css, who) for who, css in USERS_OF_CPU))
            + ' (other programs of this machine); the rest was idle or used at low priority',
            self.processor())


def summary_table(results):
    lines = []
    for shape, (name, *cells) in rows(results):
        lines.append(f'<tr><td><a href="#{escape(shape)}-{escape(name)}">{escape(name)}</a></td>'
                     + ''.join(f'<td>{escape(cell)}</td>' for cell in cells) + '</tr>')
    heads = ''.join(f'<th title="{escape(meaning)}">{escape(head)}</th>'
                    for head, _, _, meaning in COLUMNS)
    return (f'<div class="scroll"><table><tr><th>variant</th>{heads}</tr>{"".join(lines)}'
            '</table></div>')


def overview(groups, seconds):
    cells = []
    shown_of = {key: median_run(runs) for key, runs in groups.items()}
    peak = max(Profile(shown['profile']).peak for shown in shown_of.values())
    most = min(1.6 * peak, max(Pictures(shown, seconds).most_ended()
                               for shown in shown_of.values()))
    for (shape, variant), shown in shown_of.items():
        summary = shown['summary']
        cells.append(
            f'<div><a href="#{escape(shape)}-{escape(variant)}">{escape(variant)}</a><br>'
            f'<span class="headline">{percent(summary["success"])}</span>'
            f'median {milliseconds(summary["p50_ok"])} ms'
            f'<div class="soft meaning">{escape(shown["meaning"])}</div>'
            f'{Pictures(shown, seconds).served(most, height=130, width=400)}</div>')
    return f'<div class="grid-of">{"".join(cells)}</div>'


def variant_section(shape, variant, runs, seconds):
    shown = median_run(runs)
    note = (f'<p class="soft">{len(runs)} runs; shown is the one with the median of served: run '
            f'{shown["run"]}.</p>' if len(runs) > 1 else '')
    return (f'<h2 id="{escape(shape)}-{escape(variant)}">{escape(variant)}: '
            f'{percent(shown["summary"]["success"])} served</h2>'
            f'<p>{escape(shown["meaning"])} <span class="soft">({escape(shown["version"])})</span>'
            f'</p>{note}{"".join(Pictures(shown, seconds).all())}'
            f'<details><summary>Configuration and command</summary>'
            f'<pre>{escape(" ".join(shown["surge_command"]))}</pre>'
            f'<pre>{escape(shown["configuration"])}</pre></details>')


def in_words(targets):
    """What each kind of target is, once."""
    kinds = dict.fromkeys(
        f'{target["server"]}, {"HTTPS" if target["tls"] else "HTTP"}, pages of '
        f'{target["page"][0]}–{target["page"][1]} ms, {target["workers"]} workers, '
        f'MaxKeepAliveRequests {target["keepalive_requests"]}, '
        f'KeepAliveTimeout {target["keepalive_timeout"]}, ListenBackLog {target["backlog"]}'
        for target in targets)
    return '; '.join(kinds) + '.'


def shape_section(shape, results):
    groups = grouped(results)
    first = results[0]
    seconds = max(len(result['series']['ok']) for result in results)
    return (f'<h1>{escape(shape)}</h1><p>{escape(first["shape_meaning"])}.</p>'
            f'<p class="soft">Rate {escape(first["profile"])} (second:requests a second); users '
            f'wait {first["patience"]:g} s, and ask again {first["retries"]} times at most. '
            f'{len(first["targets"])} targets. {escape(in_words(first["targets"]))}</p>'
            + ''.join(f'<p class="warn">{escape(text)}</p>' for text in warnings(results))
            + summary_table(results)
            + '<p class="soft">Times are milliseconds since the user meant to send. Rest the '
              'pointer on a heading or on a second to learn more.</p>'
            + overview(groups, seconds)
            + ''.join(variant_section(shape, variant, runs, seconds)
                      for (_, variant), runs in groups.items()))


def page(results, command):
    """The whole document."""
    shapes = {}
    for result in results:
        shapes.setdefault(result['shape'], []).append(result)
    when = time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(results[0]['began']))
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Daruma: the lab</title>'
            f'<meta name="viewport" content="width=device-width"><style>{CSS.read_text()}</style>'
            f'<body><p class="soft">Daruma, the lab · {when} · <code>{escape(command)}</code></p>'
            + ''.join(shape_section(shape, those) for shape, those in shapes.items())
            + '</body></html>\n')
