// SPDX-License-Identifier: Apache-2.0
//
// grpc-js as a client of test_grpc.py's service: the gRPC project's fourteen standard cases.
// Usage: node grpc_client.js HOST:PORT CERTIFICATE
'use strict';
const assert = require('assert');
const fs = require('fs');
const grpc = require('@grpc/grpc-js');
const run = require('./cases');

const [address, certificate] = process.argv.slice(2);
const asBytes = value => value;

function method(name, requestStream, responseStream, service = 'test.Interop') {
  return {path: `/${service}/${name}`, requestStream, responseStream, requestSerialize: asBytes,
          requestDeserialize: asBytes, responseSerialize: asBytes, responseDeserialize: asBytes};
}
const Client = grpc.makeGenericClientConstructor({
  empty: method('Empty', false, false),
  unary: method('Unary', false, false),
  collect: method('Collect', true, false),
  stream: method('Stream', false, true),
  both: method('Both', true, true),
  sleep: method('Sleep', true, true),
  noMethod: method('None', false, false),
  noService: method('Call', false, false, 'test.None'),
}, 'Interop');
const client = new Client(
  address, grpc.credentials.createSsl(fs.readFileSync(certificate)),
  {'grpc.ssl_target_name_override': 'localhost', 'grpc.max_receive_message_length': -1});

const letters = count => Buffer.alloc(count, 'abcdefghijklmnopqrstuvwxyz');
const soon = () => ({deadline: Date.now() + 30_000});

// The answer of a call with one answer, with what came besides.
function answer(begin) {
  return new Promise((resolve, reject) => {
    const result = {};
    const call = begin((error, message) => error ? reject(error) : (result.message = message));
    call.on('metadata', metadata => { result.initial = metadata; });
    call.on('status', status => { result.status = status; resolve(result); });
  });
}
// The answers of a call with many, and its status.
function answers(call, onMessage = () => {}) {
  return new Promise(resolve => {
    const result = {messages: []};
    call.on('metadata', metadata => { result.initial = metadata; });
    call.on('data', message => { result.messages.push(message); onMessage(message, result); });
    call.on('error', () => {});
    call.on('status', status => { result.status = status; resolve(result); });
  });
}
async function codeOf(begin) {
  try {
    await answer(begin);
  } catch (error) {
    return [error.code, error.details];
  }
  return [grpc.status.OK, ''];
}
const sizes = [31_415, 9, 2_653, 58_979];
const whole = result => result.messages.map(message => message.length);

const cases = {
  // First: the service sleeps until a call of whomever has ended.
  async timeout_on_sleeping_server() {
    const call = client.sleep({deadline: Date.now() + 500});
    call.write(Buffer.from('1'));
    assert.strictEqual((await answers(call)).status.code, grpc.status.DEADLINE_EXCEEDED);
  },
  async empty_unary() {
    const {message} = await answer(done => client.empty(Buffer.alloc(0), soon(), done));
    assert.strictEqual(message.length, 0);
  },
  async large_unary() {
    for (const [asked, sent] of [[314_159, 271_828], [8_000_000, 8_000_000]]) {
      const request = Buffer.concat([Buffer.from(`${asked} `), letters(sent)]);
      const {message} = await answer(done => client.unary(request, soon(), done));
      assert.ok(message.equals(letters(asked)));
    }
  },
  async client_streaming() {
    const {message} = await answer(done => {
      const call = client.collect(soon(), done);
      for (const size of [27_182, 8, 1_828, 45_904]) call.write(letters(size));
      call.end();
      return call;
    });
    assert.strictEqual(message.toString(), '74922');
  },
  async server_streaming() {
    const result = await answers(client.stream(Buffer.from(sizes.join(' ')), soon()));
    assert.deepStrictEqual(whole(result), sizes);
    assert.strictEqual(result.status.code, grpc.status.OK);
  },
  async ping_pong() {
    const call = client.both(soon());
    const next = count => count < sizes.length ? call.write(Buffer.from(`${sizes[count]}`))
                                               : call.end();
    const result = answers(call, (_, so_far) => next(so_far.messages.length));
    next(0);
    assert.deepStrictEqual(whole(await result), sizes);
  },
  async empty_stream() {
    const call = client.both(soon());
    call.end();
    const result = await answers(call);
    assert.deepStrictEqual([whole(result), result.status.code], [[], grpc.status.OK]);
  },
  async cancel_after_begin() {
    const code = codeOf(done => {
      const call = client.collect(soon(), done);
      setImmediate(() => call.cancel());
      return call;
    });
    assert.strictEqual((await code)[0], grpc.status.CANCELLED);
  },
  async cancel_after_first_response() {
    const call = client.both(soon());
    call.write(Buffer.from('31415'));
    const result = await answers(call, () => call.cancel());
    assert.deepStrictEqual([whole(result), result.status.code], [[31_415],
                                                                 grpc.status.CANCELLED]);
  },
  async status_code_and_message() {
    const request = Buffer.from('fail UNKNOWN test status message');
    const wanted = [grpc.status.UNKNOWN, 'test status message'];
    assert.deepStrictEqual(await codeOf(done => client.unary(request, soon(), done)), wanted);
    const call = client.both(soon());
    call.write(request);
    const {status} = await answers(call);
    assert.deepStrictEqual([status.code, status.details], wanted);
  },
  async special_status_message() {
    const text = '\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \u{1f608}\t\n';
    assert.deepStrictEqual(
      await codeOf(done => client.unary(Buffer.from(`fail UNKNOWN ${text}`), soon(), done)),
      [grpc.status.UNKNOWN, text]);
  },
  async custom_metadata() {
    const metadata = new grpc.Metadata();
    metadata.set('x-initial', 'test_initial_metadata_value');
    metadata.set('x-trailing-bin', Buffer.from([0xab, 0xab, 0]));
    const check = result => {
      assert.deepStrictEqual(result.initial.get('x-initial'), ['test_initial_metadata_value']);
      assert.deepStrictEqual(result.status.metadata.get('x-trailing-bin'),
                             [Buffer.from([0xab, 0xab, 0])]);
    };
    check(await answer(done => client.unary(Buffer.from('10'), metadata, soon(), done)));
    const call = client.both(metadata, soon());
    call.end(Buffer.from('10'));
    check(await answers(call));
  },
  async unimplemented_method() {
    const [code] = await codeOf(done => client.noMethod(Buffer.alloc(0), soon(), done));
    assert.strictEqual(code, grpc.status.UNIMPLEMENTED);
  },
  async unimplemented_service() {
    const [code] = await codeOf(done => client.noService(Buffer.alloc(0), soon(), done));
    assert.strictEqual(code, grpc.status.UNIMPLEMENTED);
  },
};

run(cases).then(() => client.close());
