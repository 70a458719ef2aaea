// SPDX-License-Identifier: Apache-2.0
//
// Why requests failed: reasons over time, how often each, and single requests with their stories.
import { useEffect, useState } from 'preact/hooks';
import { queryOf } from '../aws';
import { reasonFigure } from '../figures';
import { count, dateAndTime, moment, percent, rate, unixOf, words } from '../format';
import { chosen, useSeries } from '../history';
import { config } from '../live';
import { BalancerPicker, useBalancer } from '../parts/balancer';
import { Problem, WindowPicker } from '../parts/bits';
import { Chart } from '../parts/chart';
import { Table } from '../parts/table';
import type { Column } from '../parts/table';
import { go, linkTo, place } from '../route';
import { get, Refused } from '../server';
import type { Explanation, Story } from '../types';
import { useReasons } from './overview';
import { StoryText } from './story';

export function Why() {
  const balancer = useBalancer();
  const reason = place.value.options.get('reason') ?? '';
  const pick = (name: string) =>
    go(linkTo('why', balancer?.name ?? '', name && name !== reason ? { reason: name } : {}));
  return (
    <>
      <header class="section-head">
        <h1>Why</h1>
        <BalancerPicker view="why" balancer={balancer} />
        <WindowPicker />
      </header>
      {balancer && (
        <Reasons key={balancer.name} resource={balancer.resource_id} picked={reason} pick={pick} />
      )}
      <Stories reason={reason} pick={pick} />
    </>
  );
}

interface Row {
  reason: string;
  many: number;
  meaning: string;
}

function Reasons({
  resource,
  picked,
  pick,
}: {
  resource: string;
  picked: string;
  pick: (reason: string) => void;
}) {
  const reasons = useReasons(resource);
  const figure = reasonFigure({ LoadBalancer: resource }, reasons);
  const { series, problem } = useSeries(figure.metrics);
  const ready = reasons.length === 0 || (series && series.values.length === reasons.length);
  const rows = reasons
    .map((reason, index): Row => ({
      reason,
      meaning: config.value!.reasons[reason] ?? '',
      many: ((ready && series?.values[index]) || []).reduce<number>(
        (sum, value) => sum + (value ?? 0),
        0,
      ),
    }))
    .filter(({ many }) => many > 0)
    .sort((one, two) => two.many - one.many);
  const all = rows.reduce((sum, { many }) => sum + many, 0);
  const columns: Column<Row>[] = [
    {
      name: 'Reason',
      cell: ({ reason }) => (
        <button
          type="button"
          class="link"
          aria-pressed={picked === reason}
          onClick={() => pick(reason)}
        >
          {reason}
        </button>
      ),
    },
    { name: 'Requests', number: true, cell: ({ many }) => count(many), order: ({ many }) => many },
    { name: 'Share', number: true, cell: ({ many }) => percent(many, all) },
    { name: 'Means', cell: ({ meaning }) => meaning },
  ];
  const times = ready && series ? series.times : [];
  return (
    <>
      <h2 class="hidden">Over time</h2>
      <Chart
        title="Errors by reason"
        times={times}
        period={series?.period ?? 10}
        format={rate}
        stacked
        problem={problem || (reasons.length === 0 ? 'No error yet.' : '')}
        onPick={pick}
        picked={picked}
        lines={ready && series ? figure.lines(series, 0) : []}
      />
      <section class="panel" aria-labelledby="reasons">
        <header>
          <h2 id="reasons">Reasons in these {chosen.value.name}</h2>
        </header>
        <Table
          label="Reasons"
          columns={columns}
          rows={rows}
          keyOf={({ reason }) => reason}
          selected={picked}
          empty="No error in this time."
        />
      </section>
    </>
  );
}

type Question = { last_errors: string } | { trace_id: string } | { target: string };

function questionOf(): Question {
  const { options } = place.value;
  const trace = options.get('trace');
  if (trace) return { trace_id: trace };
  const target = options.get('target');
  return target ? { target } : { last_errors: '100' };
}

const storyColumns = (open: string, choose: (story: Story) => void): Column<Story>[] => [
  {
    name: 'When',
    cell: (story) => (
      <button
        type="button"
        class="link number"
        aria-expanded={open === keyOf(story)}
        title={dateAndTime(unixOf(story.time))}
        onClick={() => choose(story)}
      >
        {moment(unixOf(story.time))}
      </button>
    ),
  },
  { name: 'Status', number: true, cell: ({ status }) => status || '–' },
  {
    name: 'Request',
    cell: ({ method, host, path }) => (
      <span class="cut" title={`${method} ${host}${path}`}>
        {method} {host}
        {path}
      </span>
    ),
  },
  { name: 'Reason', cell: ({ reason }) => reason ?? '' },
  {
    name: 'Verdict',
    cell: ({ verdict }) => (
      <span class="cut wide" title={verdict}>
        {verdict}
      </span>
    ),
  },
];

const keyOf = (story: Story) => `${story.time} ${story.trace_id} ${story.client}`;

function Stories({ reason, pick }: { reason: string; pick: (reason: string) => void }) {
  const [answer, setAnswer] = useState<Explanation | null>(null);
  const [problem, setProblem] = useState('');
  const [open, setOpen] = useState('');
  const question = questionOf();
  const asked = queryOf(Object.entries(question));
  const ask = async () => {
    setProblem('');
    try {
      setAnswer(await get<Explanation>(`explain?${asked}`));
    } catch (error) {
      setAnswer(null);
      setProblem(
        error instanceof Refused && error.status === 404
          ? 'No story of such a request is kept by this node: newer ones took its place, or it was not here.'
          : error instanceof Error
            ? error.message
            : String(error),
      );
    }
  };
  useEffect(() => {
    void ask();
  }, [asked]);
  const stories = (answer?.stories ?? []).filter((story) => !reason || story.reason === reason);
  const story =
    stories.find((each) => keyOf(each) === open) ?? (stories.length === 1 ? stories[0] : undefined);
  const search = (event: Event) => {
    event.preventDefault();
    const text = String(
      new FormData(event.currentTarget as HTMLFormElement).get('trace') ?? '',
    ).trim();
    go(linkTo('why', place.value.name, text ? { trace: text } : {}));
  };
  return (
    <section class="panel" aria-labelledby="stories">
      <header>
        <h2 id="stories">
          {'target' in question
            ? `Requests sent to ${question.target}`
            : 'trace_id' in question
              ? 'The request with this trace id'
              : 'Requests that failed, the newest first'}
        </h2>
        <button type="button" onClick={() => void ask()}>
          Look again
        </button>
        <form onSubmit={search} role="search">
          <input
            type="search"
            name="trace"
            placeholder="Trace id"
            aria-label="Trace id"
            spellcheck={false}
          />
          <button type="submit">Find</button>
        </form>
      </header>
      {reason && (
        <p class="notice">
          Only <b>{words(reason)}</b>, of the newest {answer?.stories.length ?? 0}.{' '}
          <button type="button" class="link" onClick={() => pick('')}>
            Show all
          </button>
        </p>
      )}
      {problem && <Problem>{problem}</Problem>}
      {answer && answer.workers_answered < answer.workers && (
        <p class="notice">
          {answer.workers - answer.workers_answered} workers did not answer: their stories are
          missing.
        </p>
      )}
      {story && <StoryText story={story} />}
      {(answer || !problem) && (
        <Table
          label="Requests"
          rows={stories}
          keyOf={keyOf}
          selected={open}
          columns={storyColumns(open, (each) => setOpen(open === keyOf(each) ? '' : keyOf(each)))}
          empty={answer ? 'None is kept.' : 'Loading …'}
        />
      )}
    </section>
  );
}
