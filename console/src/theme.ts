// SPDX-License-Identifier: Apache-2.0
//
// Light or dark: what is drawn on a canvas has to be drawn again when it changes.
import { signal } from '@preact/signals';

export const theme = signal<'light' | 'dark'>('light');

export function followTheme(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const take = () => {
    theme.value = dark.matches ? 'dark' : 'light';
  };
  dark.addEventListener('change', take);
  take();
}
