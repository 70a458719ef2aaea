// SPDX-License-Identifier: Apache-2.0
//
// What can be done about an alarm: make one, set it off, silence it, delete it.
import { useState } from 'preact/hooks';
import type { Operation } from '../aws';
import { config } from '../live';
import { Field, lockOf, OperationButton } from '../parts/operation';
import type { MetricAlarm } from '../types';

interface Of {
  alarm: MetricAlarm;
  done: () => void;
}

export function ToggleActions({ alarm, done }: Of) {
  const name = alarm.ActionsEnabled ? 'DisableAlarmActions' : 'EnableAlarmActions';
  const verb = alarm.ActionsEnabled ? 'Silence' : 'Tell again';
  return (
    <OperationButton
      title={`${verb}: ${alarm.AlarmName}`}
      button={verb}
      verb={verb}
      locked={lockOf('role')}
      onDone={done}
      operations={() => [
        { service: 'cloudwatch', name, parameters: { AlarmNames: [alarm.AlarmName] } },
      ]}
    >
      <p>
        {alarm.ActionsEnabled
          ? 'It is judged as before, but nobody is told.'
          : 'Whoever it names is told again.'}
      </p>
    </OperationButton>
  );
}

export function SetState({ alarm, done }: Of) {
  const [value, setValue] = useState(alarm.StateValue === 'ALARM' ? 'OK' : 'ALARM');
  const [reason, setReason] = useState('Set by hand in the console');
  return (
    <OperationButton
      title={`Set the state of ${alarm.AlarmName}`}
      button="Set state"
      verb="Set it"
      locked={lockOf('role')}
      onDone={done}
      operations={() =>
        reason.trim() === ''
          ? 'Say why.'
          : [
              {
                service: 'cloudwatch',
                name: 'SetAlarmState',
                parameters: {
                  AlarmName: alarm.AlarmName,
                  StateValue: value,
                  StateReason: reason,
                },
              },
            ]
      }
    >
      <p>Until it is judged next, with all that follows: whoever it names is told.</p>
      <Field label="State">
        <select
          name="state"
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
        >
          <option value="ALARM">ALARM</option>
          <option value="OK">OK</option>
          <option value="INSUFFICIENT_DATA">INSUFFICIENT_DATA</option>
        </select>
      </Field>
      <Field label="Reason">
        <input
          name="reason"
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </Field>
    </OperationButton>
  );
}

export function Delete({ alarm, done }: Of) {
  return (
    <OperationButton
      title={`Delete ${alarm.AlarmName}`}
      button="Delete"
      verb="Delete it"
      danger
      locked={lockOf('role')}
      onDone={done}
      operations={() => [
        {
          service: 'cloudwatch',
          name: 'DeleteAlarms',
          parameters: { AlarmNames: [alarm.AlarmName] },
        },
      ]}
    >
      <p>Its history stays for a while.</p>
    </OperationButton>
  );
}

const metrics: [string, string, string, string][] = [
  // label, namespace, metric, statistic
  ['5xx of Daruma a minute', 'AWS/ApplicationELB', 'HTTPCode_ELB_5XX_Count', 'Sum'],
  ['5xx of the targets a minute', 'AWS/ApplicationELB', 'HTTPCode_Target_5XX_Count', 'Sum'],
  ['requests a minute', 'AWS/ApplicationELB', 'RequestCount', 'Sum'],
  [
    'time to the first byte, 99 in 100, in seconds',
    'AWS/ApplicationELB',
    'TargetResponseTime',
    'p99',
  ],
  ['time to the first byte, median, in seconds', 'AWS/ApplicationELB', 'TargetResponseTime', 'p50'],
];

interface Draft {
  name: string;
  balancer: string;
  metric: number;
  threshold: string;
  minutes: string;
  less: boolean;
}

function putAlarm(draft: Draft): Operation[] | string {
  const balancer =
    config.value!.load_balancers.find(({ name }) => name === draft.balancer) ??
    config.value!.load_balancers[0];
  if (!balancer) return 'There is no load balancer to watch.';
  if (!draft.name.trim()) return 'Give it a name.';
  const threshold = Number(draft.threshold);
  if (draft.threshold.trim() === '' || !Number.isFinite(threshold))
    return 'The threshold is a number.';
  const minutes = Number(draft.minutes);
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 60)
    return 'It looks at 1 to 60 minutes.';
  const [, namespace, metric, statistic] = metrics[draft.metric]!;
  return [
    {
      service: 'cloudwatch',
      name: 'PutMetricAlarm',
      parameters: {
        AlarmName: draft.name.trim(),
        Namespace: namespace,
        MetricName: metric,
        ...(statistic === 'Sum' ? { Statistic: statistic } : { ExtendedStatistic: statistic }),
        Dimensions: [{ Name: 'LoadBalancer', Value: balancer.resource_id }],
        Period: 60,
        EvaluationPeriods: minutes,
        Threshold: threshold,
        ComparisonOperator: draft.less ? 'LessThanThreshold' : 'GreaterThanOrEqualToThreshold',
        TreatMissingData: 'notBreaching',
        AlarmActions: ['daruma:everybody'],
        OKActions: ['daruma:everybody'],
      },
    },
  ];
}

export function NewAlarm({ done }: { done: () => void }) {
  const balancers = config.value!.load_balancers;
  const fresh: Draft = {
    name: '',
    balancer: balancers[0]?.name ?? '',
    metric: 0,
    threshold: '10',
    minutes: '1',
    less: false,
  };
  const [draft, setDraft] = useState(fresh);
  const set = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  return (
    <OperationButton
      title="New alarm"
      button="New alarm"
      verb="Make it"
      locked={lockOf('role')}
      onDone={done}
      onOpen={() => setDraft(fresh)}
      operations={() => putAlarm(draft)}
    >
      <Field label="Name">
        <input
          name="name"
          value={draft.name}
          autoFocus
          spellcheck={false}
          onInput={(event) => set({ name: event.currentTarget.value })}
        />
      </Field>
      <Field label="Load balancer">
        <select
          name="balancer"
          value={draft.balancer}
          onChange={(event) => set({ balancer: event.currentTarget.value })}
        >
          {balancers.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </Field>
      <Field label="Figure">
        <select
          name="metric"
          value={String(draft.metric)}
          onChange={(event) => set({ metric: Number(event.currentTarget.value) })}
        >
          {metrics.map(([label], index) => (
            <option key={label} value={String(index)}>
              {label}
            </option>
          ))}
        </select>
      </Field>
      <Field label="Goes off when it is">
        <select
          name="comparison"
          value={draft.less ? 'less' : 'more'}
          onChange={(event) => set({ less: event.currentTarget.value === 'less' })}
        >
          <option value="more">at least</option>
          <option value="less">below</option>
        </select>
      </Field>
      <Field label="Threshold">
        <input
          name="threshold"
          inputMode="decimal"
          value={draft.threshold}
          onInput={(event) => set({ threshold: event.currentTarget.value })}
        />
      </Field>
      <Field label="For so many minutes">
        <input
          name="minutes"
          inputMode="numeric"
          value={draft.minutes}
          onInput={(event) => set({ minutes: event.currentTarget.value })}
        />
      </Field>
    </OperationButton>
  );
}
