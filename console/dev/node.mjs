// SPDX-License-Identifier: Apache-2.0
//
// The made-up node of dev/mock.mjs. Its time is real; every four minutes it has a surge.
const now = () => Date.now() / 1000;
const arn = (kind, id) => `arn:aws:elasticloadbalancing:us-east-1:000000000000:${kind}/${id}`;

const cycle = 240;
export const surge = (time) => {
  // 0 calm … 1 at the worst
  const at = time % cycle;
  return at < 90 ? 0 : at < 110 ? (at - 90) / 20 : at < 170 ? 1 : at < 190 ? (190 - at) / 20 : 0;
};
const wave = (time, seed) => Math.sin(time / 17 + seed) + Math.sin(time / 5 + seed * 3) / 2;

export const reasons = {
  target_group_saturated: 'every target is full and none came free in time',
  target_connection_refused: 'the target refused the TCP connection',
  target_tls_handshake_timeout: 'the target did not finish the TLS handshake within 10 s',
};

export class Node {
  constructor(port, many) {
    this.port = port;
    this.revision = 12;
    this.started = now() - 7200;
    this.drained = new Set();
    this.changes = [
      {
        time: now() - 300,
        caller: 'AKIDEXAMPLE',
        from: '127.0.0.1',
        action: 'ModifyTargetGroup',
        resource: arn('targetgroup', 'apache/73e2d6bc24d8a067'),
        outcome: 'done',
        request_id: 'a1b2',
      },
      {
        time: now() - 900,
        caller: 'reader',
        from: '127.0.0.1',
        action: 'DeleteRule',
        resource: arn('listener-rule', 'app/web/1/2/3'),
        outcome: 'AccessDenied',
        request_id: 'a1b1',
      },
    ];
    this.groups = [
      this.group('apache', 2, false),
      this.group('reports', 3, true),
      this.group('many', many, false),
    ];
  }

  group(name, count, declared) {
    const targets = Array.from({ length: count }, (_, index) => {
      const id =
        count > 10
          ? `10.1.${Math.floor(index / 250)}.${(index % 250) + 1}`
          : `127.0.0.${index + 2}`;
      return {
        key: `${name}|${id}:8443`,
        id,
        port: 8443,
        zone: index % 2 ? 'zone-b' : 'zone-a',
        target: `${id}:8443`,
      };
    });
    return {
      name,
      arn: arn('targetgroup', name + '/73e2d6bc24d8a067'),
      resource_id: `targetgroup/${name}/73e2d6bc24d8a067`,
      protocol: 'HTTPS',
      port: 8443,
      in_use: true,
      declared,
      load_balancers: ['web'],
      deregistration_delay_seconds: 300,
      targets,
    };
  }

  rules(port) {
    const rule = (priority, conditions, actions, groups) => ({
      arn: arn('listener-rule', `app/web/50dc/${port}/${priority}`),
      priority,
      conditions,
      actions,
      target_groups: groups.map(([name, weight]) => ({ name, weight })),
    });
    const forward = (name) => [{ Type: 'forward', TargetGroup: name }];
    return [
      rule(
        10,
        [{ Field: 'path-pattern', Values: ['/reports/*', '/export/*'] }],
        forward('reports'),
        [['reports', 1]],
      ),
      rule(
        20,
        [{ Field: 'host-header', Values: ['old.example.com'] }],
        [
          {
            Type: 'redirect',
            RedirectConfig: {
              Protocol: 'HTTPS',
              Host: 'www.example.com',
              StatusCode: 'HTTP_301',
            },
          },
        ],
        [],
      ),
      rule(
        30,
        [{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-Beta', Values: ['yes'] } }],
        [{ Type: 'forward', ForwardConfig: {} }],
        [
          ['many', 1],
          ['apache', 9],
        ],
      ),
      rule(
        40,
        [{ Field: 'path-pattern', Values: ['/maintenance'] }],
        [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '503' } }],
        [],
      ),
      rule(0, [], forward('apache'), [['apache', 1]]),
    ];
  }

  config() {
    const listener = (port, protocol) => ({
      arn: arn('listener', `app/web/50dc/${port}`),
      port,
      protocol,
      rules: this.rules(port),
    });
    return {
      revision: this.revision,
      endpoint: `http://127.0.0.1:${this.port}`,
      version: '0.1.0',
      reasons,
      load_balancers: [
        {
          name: 'web',
          arn: arn('loadbalancer', 'app/web/50dc6c495c0c9188'),
          resource_id: 'app/web/50dc6c495c0c9188',
          dns_name: 'web.local',
          declared: false,
          listeners: [listener(8080, 'HTTP'), listener(8443, 'HTTPS')],
        },
      ],
      target_groups: this.groups.map((group) => ({
        ...group,
        targets: group.targets.filter(({ key }) => !this.drained.has(key)),
      })),
    };
  }

  ill(key, time = now()) {
    const at = time % cycle;
    return key.startsWith('apache|127.0.0.3') && at > 120 && at < 165;
  }

  target(key, time) {
    const load = surge(time) * (key.startsWith('apache') ? 1 : 0.2);
    const ill = this.ill(key, time);
    const requests = ill ? 0 : Math.max(0, 20 + 40 * load + 2 * wave(time, key.length));
    const draining = this.drained.has(key);
    return {
      state: draining ? 'draining' : ill ? 'unhealthy' : 'healthy',
      reason: ill ? 'Target.Timeout' : '',
      description: ill ? 'Request timed out' : '',
      saturated: load > 0.6 && !ill,
      anomalous: false,
      mitigated: false,
      shifted_away: false,
      slow_starting: false,
      in_flight: Math.round(2 + 18 * load),
      open: Math.round(6 + 14 * load),
      idle: Math.round(4 * (1 - load)),
      learned_limit: load > 0.6 ? 20 : 0,
      requests,
      requests_total: Math.round((time - this.started) * 20),
      responses: [0, requests, 0, 0, 0],
      failures: 0,
      connections: 1 + 8 * load,
      reuses: requests * 0.9,
      connection_errors: load,
      handshakes: 1 + 8 * load,
      resumptions: 0.5,
      p50_seconds: 0.2 + 0.4 * load,
      p99_seconds: 0.5 + 2 * load,
    };
  }

  state() {
    const time = now();
    const load = surge(time);
    const targets = {};
    for (const { targets: all } of this.groups)
      for (const { key } of all) targets[key] = this.target(key, time);
    const groups = Object.fromEntries(
      this.groups.map(({ name, targets: all }) => {
        const mine = all.map(({ key }) => targets[key]);
        const busy = mine.filter(({ saturated }) => saturated).length;
        const healthy = mine.filter(({ state }) => state === 'healthy').length;
        const requests = mine.reduce((sum, each) => sum + each.requests, 0);
        return [
          name,
          {
            requests,
            requests_total: Math.round((time - this.started) * 40),
            waiting: busy ? Math.round(10 * load) : 0,
            waited: busy * 5,
            turned_away: busy * 3,
            retries: 0,
            fail_open: 0,
            targets: all.length,
            healthy,
            saturated: busy,
            p50_seconds: 0.2 + 0.4 * load,
            p99_seconds: 0.5 + 2 * load,
            wait_p50_seconds: busy ? 0.08 * load : null,
            wait_p99_seconds: busy ? 0.24 * load : null,
            standing: healthy < all.length || busy ? 'warning' : 'ok',
            sentence: busy
              ? `${busy} of ${all.length} busy, none dead; ${Math.round(10 * load)} wait`
              : `${healthy} of ${all.length} healthy`,
            advice: busy
              ? [
                  {
                    kind: 'raise_workers',
                    target: `${all[0].target}`,
                    text: `${name}: Apache at ${all[0].target} serves 20 requests at once; raise MaxRequestWorkers to 50.`,
                  },
                ]
              : [],
          },
        ];
      }),
    );
    const requests = 60 + 90 * load + 3 * wave(time, 1);
    const errors = load > 0.6 ? 12 * load : 0;
    const rules = Object.fromEntries(
      [8080, 8443]
        .flatMap((port) => this.rules(port))
        .map(({ arn: id, priority }) => [
          id,
          { requests: priority ? 4 : requests / 2, requests_total: priority ? 1234 : 99311 },
        ]),
    );
    const listeners = Object.fromEntries(
      [8080, 8443].map((port) => [
        arn('listener', `app/web/50dc/${port}`),
        { requests: requests / 2, connections: 14, own_errors: errors / 2 },
      ]),
    );
    return {
      time,
      interval_seconds: 1,
      revision: this.revision,
      rules,
      rules_left_out: false,
      listeners,
      targets,
      target_groups: groups,
      node: {
        healthy: true,
        reason: '',
        started: this.started,
        draining: false,
        workers: 2,
        workers_adopted: 2,
        problems: [],
        zone: 'zone-a',
        exchanges_active: 3,
        config_applied_at: this.started,
        config_refused: false,
      },
      alarms: {
        alarm: errors
          ? [{ name: 'daruma-saturation-apache', reason: '3 of 3 datapoints were at least 1' }]
          : [],
        ok: 5,
        insufficient_data: 1,
      },
      load_balancers: {
        web: {
          requests,
          requests_total: Math.round((time - this.started) * 60),
          responses: [0, requests - errors, 1, 0, errors],
          own_responses: [0, 0, 1, 0, errors],
          reasons: errors ? { target_group_saturated: errors } : {},
          connections: 14,
          upgraded: 0,
          received_bytes: 1e4,
          sent_bytes: 1e6,
          p50_seconds: 0.2 + 0.4 * load,
          p99_seconds: 0.5 + 2 * load,
          standing: groups.apache.standing,
          sentence: errors
            ? 'apache: 2 of 2 busy, none dead; 8 wait, 12/s are turned away: raise MaxRequestWorkers'
            : '45 of 45 targets healthy, no errors',
        },
      },
    };
  }

  health(name) {
    const end = now();
    const group = this.groups.find((each) => each.name === name);
    const step = group.targets.length > 50 ? 30 : 1;
    const targets = Object.fromEntries(
      group.targets.map(({ key, target }) => {
        const changes = [];
        let last = '';
        for (let time = Math.floor(Math.max(this.started, end - 3600)); time < end; time += step) {
          const is = this.target(key, time);
          const id = is.state + is.saturated;
          if (id !== last)
            changes.push({
              time,
              state: is.state,
              reason: is.reason,
              description: is.description,
              saturated: is.saturated,
            });
          last = id;
        }
        return [target, changes.slice(-200)];
      }),
    );
    return { now: end, since: this.started, targets };
  }

  explain(query) {
    const stories = Array.from({ length: query.get('trace_id') ? 1 : 40 }, (_, index) => ({
      time: new Date((now() - index * 1.7) * 1000).toISOString(),
      trace_id: `Root=1-6b07a67b-1fafc15453faa220c8ed${1000 + index}`,
      client: `127.0.0.1:${37000 + index}`,
      load_balancer: 'web',
      listener: 8443,
      method: 'GET',
      host: 'www.example.com',
      path: `/cart?item=${index}`,
      rule_priority: 0,
      target_group: 'apache',
      fail_open: false,
      candidates: ['127.0.0.2:8443', '127.0.0.3:8443'].map((target) => ({
        target,
        health: 'healthy',
        standing: 'full',
        failures_in_a_row: 0,
        load: { connections: 20, in_flight: 20, learned_limit: 20, full: true },
      })),
      waited_seconds: 0.25,
      waiting: 4,
      attempts:
        index % 3
          ? []
          : [
              {
                target: '127.0.0.2:8443',
                reason: 'target_connection_refused',
                connection: 'opened',
                connect_seconds: null,
                handshake_seconds: null,
                tls_error: '',
                age_seconds: null,
                idle_seconds: null,
                requests: 0,
                sent_bytes: 0,
                received_bytes: 0,
                load: { connections: 0, in_flight: 1, learned_limit: 0, full: false },
              },
            ],
      status: index % 3 ? 503 : 502,
      target_status: 0,
      reason: index % 3 ? 'target_group_saturated' : 'target_connection_refused',
      total_seconds: 0.253,
      request_seconds: null,
      target_seconds: null,
      response_seconds: null,
      received_bytes: 149,
      sent_bytes: 353,
      verdict:
        index % 3
          ? 'Every target is full and none came free in time: of 2 targets 2 were full, 0 not healthy; it waited 250 ms.'
          : 'The target refused the TCP connection (127.0.0.2:8443). Nothing listens there: is the server running?',
    }));
    return { stories, kept: {}, workers: 2, workers_answered: 2 };
  }

  trial(query) {
    const url = new URL(query.get('url')); // throws on a bad one, as the real one refuses
    const all = this.rules(8443);
    const rule = (each, holds) => ({
      arn: each.arn,
      priority: each.priority,
      holds,
      conditions: each.conditions.map((condition) => ({
        text: `${condition.Field} is ${(condition.Values ?? []).join(' or ')}`,
        value: url.pathname,
        holds,
      })),
    });
    return {
      load_balancer: 'web',
      listener: 8443,
      listener_arn: '',
      host: url.host,
      path: url.pathname,
      query: url.search.slice(1),
      rules: [...all.slice(0, 4).map((each) => rule(each, false)), rule(all[4], true)],
      rule_arn: all[4].arn,
      priority: 0,
      action: {
        type: 'forward',
        target_groups: [
          {
            name: 'apache',
            share: 1,
            mode: 'healthy',
            sentence: '2 of 2 healthy',
            targets: this.groups[0].targets.map(({ key, target }) => ({
              key,
              target,
              candidate: true,
              why: 'healthy',
            })),
          },
        ],
      },
    };
  }
}
