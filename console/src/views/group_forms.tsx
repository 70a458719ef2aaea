// SPDX-License-Identifier: Apache-2.0
//
// What can be changed of a target group: who is in it, and its share of the rules that send to it.
import { useState } from 'preact/hooks';
import type { Operation } from '../aws';
import { config } from '../live';
import { Problem } from '../parts/bits';
import {
  declaredText,
  Field,
  lockOf,
  OpenButton,
  OperationButton,
  OperationDialog,
} from '../parts/operation';
import type { Show } from '../parts/operation';
import { askRule, ruleChange } from '../rule_api';
import type { Rule, TargetGroup } from '../types';
import { sharesOf, weightsProblem, withShares } from '../weights';
import type { AwsAction, Share } from '../weights';
import type { TargetRow } from './group';

const lockOfGroup = (group: TargetGroup) => lockOf() || (group.declared ? declaredText : '');

interface OfTarget {
  group: TargetGroup;
  target: TargetRow;
}

export function Drain({ show, small, ...of }: OfTarget & { show: Show; small?: boolean }) {
  const draining = of.target.now?.state === 'draining';
  return (
    <OpenButton
      button="Drain"
      hidden={of.target.target}
      danger
      small={small ?? false}
      locked={lockOfGroup(of.group) || (draining && 'It is draining already.')}
      open={() => show((close) => <DrainForm {...of} close={close} />)}
    />
  );
}

function DrainForm({ group, target, close }: OfTarget & { close: () => void }) {
  return (
    <OperationDialog
      title={`Drain ${target.target}`}
      verb="Drain it"
      danger
      onClose={close}
      operations={() => [
        {
          service: 'elbv2',
          name: 'DeregisterTargets',
          parameters: {
            TargetGroupArn: group.arn,
            Targets: [{ Id: target.id, Port: target.port }],
          },
        },
      ]}
    >
      <p>
        No new request goes to <b>{target.target}</b>. Those in flight have{' '}
        {group.deregistration_delay_seconds} s; then the target is gone from {group.name}.
      </p>
    </OperationDialog>
  );
}

export function Register({ group }: { group: TargetGroup }) {
  const [id, setId] = useState('');
  const [port, setPort] = useState(String(group.port));
  const [zone, setZone] = useState('');
  const operations = (): Operation[] | string => {
    if (!id.trim()) return 'Say which address.';
    const number = Number(port);
    if (!Number.isInteger(number) || number < 1 || number > 65535) return 'A port is 1 to 65535.';
    return [
      {
        service: 'elbv2',
        name: 'RegisterTargets',
        parameters: {
          TargetGroupArn: group.arn,
          Targets: [
            {
              Id: id.trim(),
              Port: number,
              ...(zone.trim() ? { AvailabilityZone: zone.trim() } : {}),
            },
          ],
        },
      },
    ];
  };
  return (
    <OperationButton
      title={`Register a target in ${group.name}`}
      button="Register target"
      verb="Register it"
      locked={lockOfGroup(group)}
      onOpen={() => {
        setId('');
        setPort(String(group.port));
        setZone('');
      }}
      operations={operations}
    >
      <Field label="Address">
        <input
          name="address"
          value={id}
          autoFocus
          spellcheck={false}
          onInput={(event) => setId(event.currentTarget.value)}
        />
      </Field>
      <Field label="Port">
        <input
          name="port"
          inputMode="numeric"
          value={port}
          onInput={(event) => setPort(event.currentTarget.value)}
        />
      </Field>
      <Field label="Availability Zone" hint="if it has one">
        <input
          name="zone"
          value={zone}
          spellcheck={false}
          onInput={(event) => setZone(event.currentTarget.value)}
        />
      </Field>
    </OperationButton>
  );
}

interface Place {
  rule: Rule;
  listener: { arn: string; port: number };
  balancer: string;
  declared: boolean;
}

function placesOf(group: TargetGroup): Place[] {
  return config.value!.load_balancers.flatMap((balancer) =>
    balancer.listeners.flatMap((listener) =>
      listener.rules
        .filter((rule) => rule.target_groups.some(({ name }) => name === group.name))
        .map((rule) => ({ rule, listener, balancer: balancer.name, declared: balancer.declared })),
    ),
  );
}

interface Loaded {
  place: Place;
  actions: AwsAction[];
  shares: Share[];
}

export function Weights({ group }: { group: TargetGroup }) {
  const places = placesOf(group);
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [problem, setProblem] = useState('');
  const load = async (arn: string | undefined) => {
    const place = places.find(({ rule }) => rule.arn === arn) ?? places[0]!;
    setLoaded(null);
    setProblem('');
    try {
      const { actions } = await askRule(place.rule, place.listener.arn);
      setLoaded({ place, actions, shares: sharesOf(actions) });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const nameOf = (arn: string) =>
    config.value!.target_groups.find((each) => each.arn === arn)?.name ?? arn;
  const operations = () => {
    if (!loaded) return problem || 'Loading …';
    return (
      weightsProblem(loaded.shares) || [
        ruleChange(loaded.place.rule, loaded.place.listener.arn, {
          actions: withShares(loaded.actions, loaded.shares),
        }),
      ]
    );
  };
  const lock =
    lockOf() ||
    (places.length === 0 && 'No rule sends to it.') ||
    (places.every(({ declared }) => declared) && declaredText);
  return (
    <OperationButton
      title={`Weights of the rules that send to ${group.name}`}
      button="Weights"
      verb="Set them"
      locked={lock}
      operations={operations}
      onOpen={() => void load(undefined)}
    >
      <Field label="Rule">
        <select
          name="rule"
          value={loaded?.place.rule.arn ?? ''}
          onChange={(event) => void load(event.currentTarget.value)}
        >
          {places.map(({ rule, listener, balancer }) => (
            <option key={rule.arn} value={rule.arn}>
              {balancer}, port {listener.port},{' '}
              {rule.priority === 0 ? 'default rule' : `priority ${rule.priority}`}
            </option>
          ))}
        </select>
      </Field>
      {problem && <Problem>{problem}</Problem>}
      {loaded?.shares.map(({ arn, weight }, index) => (
        <Field key={arn} label={nameOf(arn)} hint="0 to 999">
          <input
            name={`weight-${nameOf(arn)}`}
            inputMode="numeric"
            value={weight}
            onInput={(event) => {
              const shares = [...loaded.shares];
              shares[index] = { arn, weight: event.currentTarget.value.trim() };
              setLoaded({ ...loaded, shares });
            }}
          />
        </Field>
      ))}
    </OperationButton>
  );
}
