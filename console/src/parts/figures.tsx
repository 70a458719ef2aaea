// SPDX-License-Identifier: Apache-2.0
//
// Charts of figures that share one request and one axis of time.
import { rate, seconds, short } from '../format';
import { offsets } from '../figures';
import type { Figure } from '../figures';
import { useSeries } from '../history';
import { Chart } from './chart';

export const formats = {
  rate: (value: number | null) => rate(value),
  seconds: (value: number | null) => seconds(value),
  count: (value: number | null) => short(value),
};

export function Figures({ figures }: { figures: Figure[] }) {
  const { series, problem } = useSeries(figures.flatMap((figure) => figure.metrics));
  const begins = offsets(figures);
  const needed = figures.reduce((sum, figure) => sum + figure.metrics.length, 0);
  const ready = series && series.values.length === needed ? series : null;
  return (
    <div class="charts">
      {figures.map((figure, index) => (
        <Chart
          key={figure.title}
          title={figure.title}
          times={ready?.times ?? []}
          period={ready?.period ?? 10}
          format={formats[figure.unit]}
          problem={problem}
          stacked={figure.stacked ?? false}
          lines={ready ? figure.lines(ready, begins[index]!) : []}
        />
      ))}
    </div>
  );
}
