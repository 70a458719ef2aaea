// SPDX-License-Identifier: Apache-2.0
//
// What is asked of the admin port to shift traffic away from a zone (docs/zones.md). AWS's CLI has
// no command that this node would answer: the command is curl's. Pure.
import type { Operation, Parameters } from './aws';
import type { Config } from './types';

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

export function extendOf(balancer: string, expires: string): Operation[] | string {
  if (!expires.trim()) return noTime;
  return [shiftOperation('extend', { load_balancer: balancer, expires: expires.trim() })];
}

export const cancelOf = (balancer: string): Operation[] => [
  shiftOperation('cancel', { load_balancer: balancer }),
];

// The node's, and those of targets that are behind this load balancer.
export function zonesOf(config: Config, nodeZone: string, balancer: string): string[] {
  const zones = config.target_groups
    .filter(({ load_balancers }) => load_balancers.includes(balancer))
    .flatMap(({ targets }) => targets.map(({ zone }) => zone));
  return [...new Set([nodeZone, ...zones])].filter((zone) => zone && zone !== 'all').sort();
}
