// SPDX-License-Identifier: Apache-2.0
//
// What is asked of the admin port to shift traffic away from a zone (docs/zones.md). AWS's CLI has
// no command that this node would answer: the command is curl's. Pure.
import type { Operation, Parameters } from './aws';
import type { Config, State } from './types';

// In the words of ListZonalShifts.
export interface Shift {
  resourceIdentifier: string; // the load balancer's name
  awayFrom: string;
  startTime: string;
  expiryTime: string;
  comment: string;
}

export interface ShiftDraft {
  balancer: string;
  zone: string;
  expires: string;
  comment: string;
}

function shiftOperation(what: 'start' | 'extend' | 'cancel', parameters: Parameters): Operation {
  return { service: 'admin', name: `zonal-shifts/${what}`, parameters };
}

// The node knows best what is good: whether it is one is left to it.
const noTime = 'Say for how long: 90m, 2h or 3d.';

export function startOf({ balancer, zone, expires, comment }: ShiftDraft): Operation[] | string {
  if (!zone) return 'Say away from which zone.';
  if (!expires.trim()) return noTime;
  return [
    shiftOperation('start', {
      load_balancer: balancer,
      zone,
      expires: expires.trim(),
      ...(comment.trim() ? { comment: comment.trim() } : {}),
    }),
  ];
}

const units: { [unit: string]: number } = { m: 60, h: 3600, d: 86_400 };
// What is shown of the node's clock, and of the end, may be so old.
const stale_s = 5;

// `left_s`: until it ends now. An earlier end would be no extension.
export function extendOf(balancer: string, expires: string, left_s: number): Operation[] | string {
  if (!expires.trim()) return noTime;
  const [, number, unit] = /^(\d+)([mhd])$/.exec(expires.trim()) ?? [];
  if (unit && Number(number) * units[unit]! + stale_s < left_s)
    return 'It would end earlier than it does now: say for longer, or end it.';
  return [shiftOperation('extend', { load_balancer: balancer, expires: expires.trim() })];
}

export const cancelOf = (balancer: string): Operation[] => [
  shiftOperation('cancel', { load_balancer: balancer }),
];

// How many of the zone's targets get no new requests because of it. The shift has no effect where
// too few others are healthy, nor on a group without cross-zone load balancing.
export function effectOf(
  config: Config,
  { targets }: Pick<State, 'targets'>,
  { resourceIdentifier, awayFrom }: Shift,
): { away: number; all: number } {
  const there = config.target_groups
    .filter(({ load_balancers }) => load_balancers.includes(resourceIdentifier))
    .flatMap((group) => group.targets.filter(({ zone }) => zone === awayFrom));
  return {
    away: there.filter(({ key }) => targets[key]?.shifted_away).length,
    all: there.length,
  };
}

// The node's, and those of targets that are behind this load balancer.
export function zonesOf(config: Config, nodeZone: string, balancer: string): string[] {
  const zones = config.target_groups
    .filter(({ load_balancers }) => load_balancers.includes(balancer))
    .flatMap(({ targets }) => targets.map(({ zone }) => zone));
  return [...new Set([nodeZone, ...zones])].filter((zone) => zone && zone !== 'all').sort();
}
