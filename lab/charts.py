# SPDX-License-Identifier: Apache-2.0
"""Pictures over time as SVG text: no scripts, colours by CSS class (report.css)."""
import math
from html import escape

WIDTH, LEFT, RIGHT = 960, 52, 12


def nice_top(value):
    """A round number at or above the value, for the top of a scale."""
    if value <= 0:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.2, 1.5, 2, 3, 4, 5, 6, 8, 10)
                if step * power >= value * 0.999)


def runs_of(values):
    """(begin, end, value) of each stretch of equal neighbours."""
    begin = 0
    for i in range(1, len(values) + 1):
        if i == len(values) or values[i] != values[begin]:
            yield begin, i, values[begin]
            begin = i


class Chart:
    """Seconds across, values upward from 0, or from `low` on a logarithmic scale."""

    def __init__(self, seconds, top, height=130, low=None, unit='', width=WIDTH):
        self.seconds, self.top, self.height, self.low = seconds, top, height, low
        self.unit, self.width = unit, width
        self.parts = []

    def x(self, second):
        return round(LEFT + (self.width - LEFT - RIGHT) * second / self.seconds, 1)

    def y(self, value):
        if self.low is not None:
            span = math.log(self.top / self.low)
            part = math.log(min(max(value, self.low), self.top) / self.low) / span
        else:
            part = min(max(value, 0), self.top) / self.top
        return round(8 + self.height * (1 - part), 1)

    def shade(self, begin, end):
        """The time of the surge."""
        self.parts.append(f'<rect class="surge" x="{self.x(begin)}" y="8" '
                          f'width="{self.x(end) - self.x(begin):.1f}" height="{self.height}"/>')

    def grid(self, ticks=None):
        for value in ticks or (0, self.top / 2, self.top):
            y = self.y(value)
            self.parts.append(f'<line class="grid" x1="{LEFT}" x2="{self.width - RIGHT}" y1="{y}" '
                              f'y2="{y}"/><text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" '
                              f'text-anchor="end">{value:g}{self.unit}</text>')

    def axis(self):
        step = 10 if self.width / self.seconds > 5 else 20
        for second in range(0, self.seconds + 1, step):
            self.parts.append(f'<text class="tick" x="{self.x(second)}" y="{self.height + 22}" '
                              f'text-anchor="middle">{second}{" s" if second == 0 else ""}</text>')

    def line(self, values, css):
        """One line a stretch of values that are there; each stands for a whole second."""
        stretch = []
        for i, value in enumerate([*values, None]):
            if value is not None:
                stretch.append(f'{self.x(i + 0.5)},{self.y(value)}')
            elif stretch:
                self.parts.append(f'<polyline class="line {css}" points="{" ".join(stretch)}"/>')
                stretch = []

    def layers(self, layers):
        """[(values, css)]: areas of one value a second, one upon the other."""
        base = [0.0] * len(layers[0][0])
        for values, css in layers:
            upper = [low + value for low, value in zip(base, values)]
            for begin, end, inside in runs_of([value > 0 for value in values]):
                if inside:
                    self._area(base, upper, begin, end, css)
            base = upper

    def _area(self, lower, upper, begin, end, css):
        over = [f'{self.x(i + part)},{self.y(upper[i])}'
                for i in range(begin, end) for part in (0, 1)]
        under = [f'{self.x(i + part)},{self.y(lower[i])}'
                 for i in reversed(range(begin, end)) for part in (1, 0)]
        self.parts.append(f'<polygon class="{css}" points="{" ".join(over + under)}"/>')

    def marks(self, marks):
        """[(second, text)]: what befell a target."""
        for second, text in marks:
            x = self.x(second)
            self.parts.append(
                f'<line class="mark" x1="{x}" x2="{x}" y1="8" y2="{self.height + 8}"/>'
                f'<text class="marktext" x="{x + 3}" y="18">{escape(text)}</text>')

    def tooltips(self, texts):
        """What a pointer that rests on a second is told."""
        width = self.x(1) - self.x(0)
        for i, text in enumerate(texts):
            if text:
                self.parts.append(f'<rect class="hover" x="{self.x(i)}" y="8" width="{width:.1f}" '
                                  f'height="{self.height}"><title>{escape(text)}</title></rect>')

    def svg(self, label):
        return (f'<svg viewBox="0 0 {self.width} {self.height + 28}" role="img" '
                f'aria-label="{escape(label)}">{"".join(self.parts)}</svg>')


ROW = 24


def strips(rows, seconds, surge, marks=()):
    """[(label, [(text, css, tooltip) for each second])]: a coloured strip for each row, its label
    above it; a stretch of equal text and colour is one piece, with every tooltip of it once."""
    chart = Chart(seconds, 1, ROW * 2 * len(rows) - 8)
    chart.shade(*surge)
    for i, (label, cells) in enumerate(rows):
        y = 8 + i * ROW * 2
        chart.parts.append(f'<text class="rowlabel" x="{LEFT}" y="{y + 12}">{escape(label)}</text>')
        for begin, end, (text, css) in runs_of([cell[:2] for cell in cells]):
            if css is None:
                continue
            tip = ', '.join(dict.fromkeys(cell[2] for cell in cells[begin:end]))
            x, width = chart.x(begin), chart.x(end) - chart.x(begin)
            chart.parts.append(
                f'<rect class="{css}" x="{x}" y="{y + 18}" width="{width:.1f}" height="{ROW - 4}">'
                f'<title>{begin}–{end} s: {escape(tip)}</title></rect>')
            if width > 8 * len(text):
                chart.parts.append(f'<text class="inside" x="{x + 4}" y="{y + 32}">'
                                   f'{escape(text)}</text>')
    chart.marks([(second, '') for second, _ in marks])
    chart.axis()
    return chart.svg('one strip for each row')


def bars(rows, seconds, surge):
    """[(label, values)]: for each row its own little picture, all on one scale."""
    top = max(max(values) for _, values in rows)
    height = 30
    chart = Chart(seconds, 1, (height + 20) * len(rows) - 4)
    chart.shade(*surge)
    for i, (label, values) in enumerate(rows):
        bottom = 8 + (height + 20) * i + 16 + height
        chart.parts.append(f'<text class="rowlabel" x="{LEFT}" y="{bottom - height - 3}">'
                           f'{escape(label)}</text>')
        for second, value in enumerate(values):
            if value:
                tall = max(1.5, height * value / top)
                chart.parts.append(
                    f'<rect class="cause" x="{chart.x(second)}" y="{bottom - tall:.1f}" '
                    f'width="{chart.x(1) - chart.x(0):.1f}" height="{tall:.1f}">'
                    f'<title>{second} s: {value}</title></rect>')
    chart.axis()
    return chart.svg('how often each cause occurred, over time')
