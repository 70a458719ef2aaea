// SPDX-License-Identifier: Apache-2.0
//
// A node with one load balancer, one group and two targets, for tests.
import type { Config, State, TargetState } from '../src/types';

export function aConfig(): Config {
  return {
    revision: 3,
    endpoint: 'http://127.0.0.1:9090',
    version: '0.1.0',
    reasons: {},
    load_balancers: [
      {
        name: 'web',
        arn: 'lb',
        resource_id: 'app/web/1',
        dns_name: '',
        declared: false,
        listeners: [
          {
            arn: 'listener',
            port: 8080,
            protocol: 'HTTP',
            rules: [
              {
                arn: 'rule',
                priority: 0,
                conditions: [],
                actions: [{ Type: 'forward', TargetGroup: 'app' }],
                target_groups: [{ name: 'app', weight: 1 }],
              },
            ],
          },
        ],
      },
    ],
    target_groups: [
      {
        name: 'app',
        arn: 'group',
        resource_id: 'targetgroup/app/1',
        protocol: 'HTTP',
        port: 80,
        in_use: true,
        declared: false,
        load_balancers: ['web'],
        deregistration_delay_seconds: 300,
        targets: ['10.0.0.1', '10.0.0.2'].map((id) => ({
          key: `app|${id}:80`,
          id,
          port: 80,
          zone: '',
          target: `${id}:80`,
        })),
      },
    ],
  };
}

export function aTarget(part: Partial<TargetState> = {}): TargetState {
  return {
    state: 'healthy',
    reason: '',
    description: '',
    saturated: false,
    anomalous: false,
    mitigated: false,
    shifted_away: false,
    slow_starting: false,
    in_flight: 1,
    open: 2,
    idle: 1,
    learned_limit: 0,
    requests: 5,
    requests_total: 100,
    responses: [0, 5, 0, 0, 0],
    failures: 0,
    connections: 0,
    reuses: 5,
    connection_errors: 0,
    handshakes: 0,
    resumptions: 0,
    p50_seconds: 0.01,
    p99_seconds: 0.1,
    ...part,
  };
}

export function aState(): State {
  return {
    time: 1000,
    interval_seconds: 1,
    revision: 3,
    node: {
      healthy: true,
      reason: '',
      started: 0,
      draining: false,
      workers: 2,
      workers_adopted: 2,
      problems: [],
      zone: '',
      exchanges_active: 0,
      config_applied_at: 0,
      config_refused: false,
    },
    alarms: { alarm: [], ok: 1, insufficient_data: 0 },
    load_balancers: {
      web: {
        requests: 10,
        requests_total: 200,
        responses: [0, 10, 0, 0, 0],
        own_responses: [0, 0, 0, 0, 0],
        reasons: {},
        connections: 1,
        upgraded: 0,
        received_bytes: 0,
        sent_bytes: 0,
        p50_seconds: 0.01,
        p99_seconds: 0.1,
        standing: 'ok',
        sentence: '2 of 2 targets healthy',
      },
    },
    listeners: {},
    rules: {},
    rules_left_out: false,
    target_groups: {
      app: {
        requests: 10,
        requests_total: 200,
        waiting: 0,
        waited: 0,
        turned_away: 0,
        retries: 0,
        fail_open: 0,
        targets: 2,
        healthy: 2,
        saturated: 0,
        p50_seconds: 0.01,
        p99_seconds: 0.1,
        wait_p50_seconds: null,
        wait_p99_seconds: null,
        standing: 'ok',
        sentence: '2 of 2 healthy',
        advice: [],
      },
    },
    targets: { 'app|10.0.0.1:80': aTarget(), 'app|10.0.0.2:80': aTarget() },
  };
}
