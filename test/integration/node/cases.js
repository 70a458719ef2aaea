// SPDX-License-Identifier: Apache-2.0
//
// Runs named cases one after the other, and prints one line of JSON: case → "ok" or what was wrong.
'use strict';

module.exports = async function run(cases) {
  const results = {};
  for (const [name, check] of Object.entries(cases)) {
    try {
      await check();
      results[name] = 'ok';
    } catch (error) {
      results[name] = `${error}`;
    }
  }
  console.log(JSON.stringify(results));
};
