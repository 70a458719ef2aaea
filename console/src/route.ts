// SPDX-License-Identifier: Apache-2.0
//
// Where one is: #/alarms/NAME?key=value. Alarms' notices link to such addresses, so they stay.
import { signal } from '@preact/signals';

export interface Place {
  view: string;
  name: string; // what of it; "" the whole
  options: URLSearchParams;
}

export function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [view = '', ...rest] = path.split('/');
  let name = rest.join('/');
  try {
    name = decodeURIComponent(name);
  } catch {
    // a stray % is part of the name
  }
  return { view: view || 'overview', name, options: new URLSearchParams(query) };
}

export function linkTo(view: string, name = '', options: { [key: string]: string } = {}): string {
  const query = new URLSearchParams(options).toString();
  return `#/${view}${name ? '/' + encodeURIComponent(name) : ''}${query ? '?' + query : ''}`;
}

export const place = signal<Place>(placeOf(''));

export function followAddress(): void {
  const take = () => {
    place.value = placeOf(location.hash);
  };
  addEventListener('hashchange', take);
  take();
}

export function go(link: string): void {
  location.hash = link;
}
