// SPDX-License-Identifier: Apache-2.0
//
// Which load balancer a view is about, where there are several.
import { useState } from 'preact/hooks';
import { balancersByName, config, state } from '../live';
import { go, linkTo, place } from '../route';
import { byStanding } from '../say';
import type { LoadBalancer } from '../types';

// The one that the address names; at first, and for as long as none is named, the one that stood
// worst when the view was opened.
export function useBalancer(): LoadBalancer | undefined {
  const all = config.value!.load_balancers;
  const worst = all
    .map(({ name }) => ({
      name,
      standing: state.value!.load_balancers[name]?.standing ?? ('unused' as const),
    }))
    .sort(byStanding)[0];
  const [first] = useState(worst?.name ?? '');
  return balancersByName.value.get(place.value.name || first) ?? all[0];
}

export function BalancerPicker({
  view,
  balancer,
}: {
  view: string;
  balancer: LoadBalancer | undefined;
}) {
  const all = config.value!.load_balancers;
  if (all.length <= 1) return null;
  return (
    <select
      aria-label="Load balancer"
      value={balancer?.name}
      onChange={(event) => go(linkTo(view, event.currentTarget.value))}
    >
      {all.map(({ name }) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}
