// SPDX-License-Identifier: Apache-2.0
//
// What the server says. docs/console.md describes it; the server's side is src/console.
// Times are seconds since 1970. Names without a unit are per second, but for the levels.

export interface Session {
  name: string;
  role: 'admin' | 'read-only';
  csrf_token: string;
  expires: number;
  authentication: 'sigv4' | 'none';
  can_change: boolean; // admin, and the node keeps what the API makes
}

export interface Condition {
  Field: string;
  Values?: string[];
  'daruma.negate'?: boolean;
  [config: string]: unknown;
}

export interface Action {
  Type: string;
  [member: string]: unknown;
}

export interface Rule {
  arn: string;
  priority: number; // 0: the default rule
  conditions: Condition[];
  actions: Action[];
  target_groups: { name: string; weight: number }[];
}

export interface Listener {
  arn: string;
  port: number;
  protocol: string;
  rules: Rule[];
}

export interface LoadBalancer {
  name: string;
  arn: string;
  resource_id: string;
  dns_name: string;
  declared: boolean; // the file's: the API refuses to change it
  listeners: Listener[];
}

export interface TargetPlace {
  key: string; // of State.targets
  id: string;
  port: number;
  zone: string;
  target: string; // address:port
}

export interface TargetGroup {
  name: string;
  arn: string;
  resource_id: string;
  protocol: string;
  port: number;
  in_use: boolean;
  declared: boolean;
  load_balancers: string[];
  deregistration_delay_seconds: number;
  targets: TargetPlace[];
}

export interface Config {
  revision: number;
  endpoint: string;
  version: string;
  reasons: { [reason: string]: string };
  load_balancers: LoadBalancer[];
  target_groups: TargetGroup[];
}

export type Standing = 'ok' | 'warning' | 'critical' | 'unused';
export type ByClass = [number, number, number, number, number]; // 1xx … 5xx

export interface BalancerState {
  requests: number;
  requests_total: number;
  responses: ByClass;
  own_responses: ByClass;
  reasons: { [reason: string]: number };
  connections: number; // level
  upgraded: number; // level
  received_bytes: number;
  sent_bytes: number;
  p50_seconds: number | null;
  p99_seconds: number | null;
  standing: Standing;
  sentence: string;
}

export interface Advice {
  kind: string;
  target: string;
  text: string;
}

export interface GroupState {
  requests: number;
  requests_total: number;
  waiting: number; // level
  waited: number;
  turned_away: number;
  retries: number;
  fail_open: number;
  targets: number; // level
  healthy: number; // level
  saturated: number; // level
  p50_seconds: number | null;
  p99_seconds: number | null;
  wait_p50_seconds: number | null; // of requests that had to
  wait_p99_seconds: number | null;
  standing: Standing;
  sentence: string;
  advice: Advice[];
}

export interface TargetState {
  state: string; // as DescribeTargetHealth
  reason: string;
  description: string;
  saturated: boolean;
  anomalous: boolean;
  mitigated: boolean;
  shifted_away: boolean;
  slow_starting: boolean;
  in_flight: number; // level, as are the three below
  open: number;
  idle: number;
  learned_limit: number; // 0: none met
  requests: number;
  requests_total: number;
  responses: ByClass;
  failures: number;
  connections: number;
  reuses: number;
  connection_errors: number;
  handshakes: number;
  resumptions: number;
  p50_seconds: number | null;
  p99_seconds: number | null;
}

export interface NodeState {
  healthy: boolean;
  reason: string;
  started: number;
  draining: boolean;
  workers: number;
  workers_adopted: number;
  problems: string[];
  zone: string;
  exchanges_active: number; // level
  config_applied_at: number | null;
  config_refused: boolean;
}

export interface State {
  time: number;
  interval_seconds: number;
  revision: number;
  node: NodeState;
  alarms: { alarm: { name: string; reason: string }[]; ok: number; insufficient_data: number };
  load_balancers: { [name: string]: BalancerState };
  listeners: { [arn: string]: { requests: number; connections: number; own_errors: number } };
  rules: { [arn: string]: { requests: number; requests_total: number } }; // that were met
  rules_left_out: boolean; // too many were: those met most of late are in `rules`
  target_groups: { [name: string]: GroupState };
  targets: { [key: string]: TargetState };
}

export interface HealthChange {
  time: number;
  state: string;
  reason: string;
  description: string;
  saturated: boolean;
}

export interface HealthHistory {
  now: number;
  since: number;
  targets: { [target: string]: HealthChange[] };
}

export interface Load {
  connections: number;
  in_flight: number;
  learned_limit: number;
  full: boolean;
}

export interface Story {
  time: string;
  trace_id: string;
  client: string;
  load_balancer: string;
  listener: number;
  method: string;
  host: string;
  path: string;
  rule_priority: number | null;
  target_group: string;
  fail_open: boolean;
  candidates: {
    target: string;
    health: string;
    standing: string;
    failures_in_a_row: number;
    load: Load;
  }[];
  waited_seconds: number | null;
  waiting: number;
  attempts: {
    target: string;
    reason: string | null;
    connection: string;
    connect_seconds: number | null;
    handshake_seconds: number | null;
    tls_error: string;
    age_seconds: number | null;
    idle_seconds: number | null;
    requests: number;
    sent_bytes: number;
    received_bytes: number;
    load: Load;
  }[];
  status: number;
  target_status: number;
  reason: string | null;
  total_seconds: number | null;
  request_seconds: number | null;
  target_seconds: number | null;
  response_seconds: number | null;
  received_bytes: number;
  sent_bytes: number;
  verdict: string;
}

export interface Explanation {
  stories: Story[];
  kept: { [kind: string]: { kept: number; most: number; oldest: string | null } };
  workers: number;
  workers_answered: number;
}

export interface Change {
  time: number;
  caller: string;
  from: string;
  action: string;
  resource: string;
  outcome: string; // "done", "taken back", or the error's code
  request_id: string;
}

export interface Trial {
  load_balancer: string;
  listener: number;
  listener_arn: string;
  host: string;
  path: string;
  query: string;
  rules: {
    arn: string;
    priority: number;
    holds: boolean;
    conditions: { text: string; value: string; holds: boolean }[];
  }[];
  rule_arn: string;
  priority: number;
  sent_as?: { status: string; host: string; url: string }; // after the rule's transforms
  action:
    | { type: 'forward'; target_groups: TrialGroup[] }
    | {
        // each with #{…} as the rule has them
        type: 'redirect';
        status: number;
        protocol: string;
        host: string;
        port: string;
        path: string;
        query: string;
      }
    | { type: 'fixed-response'; status: number; content_type: string; body: string };
}

export interface TrialGroup {
  name: string;
  share: number;
  mode: 'healthy' | 'fail_open' | 'none';
  sentence: string;
  targets: { key: string; target: string; candidate: boolean; why: string }[];
}

export interface MetricQuery {
  Id: string;
  Label?: string;
  Expression?: string;
  ReturnData?: boolean;
  MetricStat?: {
    Metric: { MetricName: string; Dimensions?: { Name: string; Value: string }[] };
    Period: number;
    Stat: string;
  };
}

export interface MetricAlarm {
  AlarmName: string;
  AlarmArn: string;
  AlarmDescription?: string;
  ActionsEnabled: boolean;
  AlarmActions?: string[];
  StateValue: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
  StateReason: string;
  StateUpdatedTimestamp: number;
  Namespace?: string;
  MetricName?: string;
  Statistic?: string;
  ExtendedStatistic?: string;
  Dimensions?: { Name: string; Value: string }[];
  Metrics?: MetricQuery[]; // metric math, instead of one metric
  Period?: number;
  EvaluationPeriods?: number;
  DatapointsToAlarm?: number;
  Threshold?: number;
  ComparisonOperator?: string;
  AlarmRule?: string; // of a composite alarm
  ActionsSuppressedReason?: string;
}

export interface AlarmHistoryItem {
  AlarmName: string;
  Timestamp: number;
  HistoryItemType: string;
  HistorySummary: string;
}

export interface Certificate {
  CertificateArn: string;
  DomainName: string;
  SubjectAlternativeNames?: string[];
  Status: string;
  Type: string;
  KeyAlgorithm?: string;
  Issuer?: string;
  NotBefore?: number;
  NotAfter?: number;
  ImportedAt?: number;
  InUseBy?: string[];
}
