// SPDX-License-Identifier: Apache-2.0
import { render } from 'preact';
import { App } from './app';
import { followSession } from './live';
import { followAddress } from './route';
import { beginSession } from './server';
import { followTheme } from './theme';

followTheme();
followAddress();
followSession();
render(<App />, document.getElementById('app')!);
void beginSession();
