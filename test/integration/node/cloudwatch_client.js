// SPDX-License-Identifier: Apache-2.0
//
// CloudWatch by the AWS SDK for JavaScript, version 3: calls what it is told to.
//
// Usage: cloudwatch_client.js ENDPOINT OPERATION INPUT, the input as JSON with times as text; with
// KEY and SECRET in the environment. Prints {"wire": the request's content type, "output": …}.
'use strict';

const cloudwatch = require('@aws-sdk/client-cloudwatch');

const [endpoint, operation, input] = process.argv.slice(2);
const client = new cloudwatch.CloudWatch({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: process.env.KEY, secretAccessKey: process.env.SECRET },
  maxAttempts: 1,
});

let wire;
client.middlewareStack.add((next) => (asked) => {
  wire = asked.request.headers['content-type'];
  return next(asked);
}, { step: 'finalizeRequest', priority: 'low' });

async function main() {
  const times = new Set(['StartTime', 'EndTime', 'Timestamp']);
  const members = JSON.parse(input, (name, value) => (times.has(name) ? new Date(value) : value));
  const { $metadata, ...output } = await client[operation](members);
  console.log(JSON.stringify({ wire, output }));
}

main().catch((problem) => {
  console.error(problem.stack);
  process.exitCode = 1;
});
