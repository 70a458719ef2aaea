// SPDX-License-Identifier: Apache-2.0
//
// The made-up API of dev/mock.mjs: as much of AWS's as the console asks.
import { reasons, surge } from './node.mjs';

function valueOf(metric, time, period) {
  const load = surge(time);
  const name = metric.MetricName;
  const rates = {
    HTTPCode_Target_2XX_Count: 60 + 80 * load,
    HTTPCode_Target_3XX_Count: 5,
    HTTPCode_Target_4XX_Count: 2,
    HTTPCode_Target_5XX_Count: 0.2,
    HTTPCode_ELB_5XX_Count: load > 0.6 ? 12 * load : 0,
    HTTP_Redirect_Count: 3,
    ReasonCount: load > 0.6 ? 12 * load : 0,
    QueuedRequestCount: 20 * load,
    TurnedAwayRequestCount: 12 * load,
    TargetConnectionCount: 2 + 10 * load,
    TargetTLSHandshakeCount: 2 + 10 * load,
    TargetTLSResumptionCount: 1,
  };
  if (name in rates)
    return Math.round(rates[name] * period * (1 + Math.sin(time / 13) / 12)) || null;
  const levels = {
    TargetRequestsInFlight: 4 + 34 * load,
    TargetPoolSize: 12 + 28 * load,
    TargetPoolIdle: 8 - 8 * load,
    TargetLearnedLimit: load > 0.6 ? 40 : 0,
  };
  return levels[name] ?? null;
}

function metricData({ StartTime, EndTime, MetricDataQueries }) {
  return {
    MetricDataResults: MetricDataQueries.map(({ Id, MetricStat: { Period, Stat, Metric } }) => {
      const Timestamps = [];
      const Values = [];
      for (let time = StartTime; time < EndTime; time += Period) {
        const scale = { p50: 0.2, p95: 0.4, p99: 0.6 }[Stat];
        const times = {
          TargetResponseTime: scale * (1 + 3 * surge(time)),
          QueueWaitTime: surge(time) > 0.6 ? 0.4 * scale * surge(time) : null,
        };
        const value =
          Metric.MetricName in times ? times[Metric.MetricName] : valueOf(Metric, time, Period);
        if (value === null) continue;
        Timestamps.push(time);
        Values.push(value);
      }
      return { Id, Timestamps, Values, StatusCode: 'Complete' };
    }),
  };
}

const alarm = (AlarmName, StateValue, StateReason) => ({
  AlarmName,
  AlarmArn: `arn:aws:cloudwatch:us-east-1:000000000000:alarm:${AlarmName}`,
  AlarmDescription:
    'Requests for apache were turned away because every target was full for as long as they may wait.',
  ActionsEnabled: true,
  AlarmActions: ['daruma:everybody'],
  StateValue,
  StateReason,
  StateUpdatedTimestamp: Date.now() / 1000 - 100,
  Namespace: 'Daruma',
  MetricName: 'TurnedAwayRequestCount',
  Statistic: 'Sum',
  Period: 60,
  EvaluationPeriods: 3,
  DatapointsToAlarm: 2,
  Threshold: 1,
  ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  Dimensions: [{ Name: 'TargetGroup', Value: 'targetgroup/apache/73e2d6bc24d8a067' }],
});

const certificates = { a: 12, b: 90, c: 3 };
const operations = {
  GetMetricData: (input) => metricData(input),
  ListMetrics: () => ({
    Metrics: Object.keys(reasons).map((Value) => ({ Dimensions: [{ Name: 'Reason', Value }] })),
  }),
  DescribeAlarms: () => ({
    MetricAlarms: [
      alarm('daruma-saturation-apache', 'ALARM', '3 of 3 datapoints were at least 1.'),
      alarm('daruma-5xx-web', 'OK', '0 of 3 datapoints were at least 10.'),
      alarm('slow', 'INSUFFICIENT_DATA', 'No data.'),
    ],
    CompositeAlarms: [],
  }),
  DescribeAlarmHistory: () => ({
    AlarmHistoryItems: [
      {
        AlarmName: 'x',
        Timestamp: Date.now() / 1000 - 100,
        HistoryItemType: 'StateUpdate',
        HistorySummary: 'Alarm updated from OK to ALARM',
      },
    ],
  }),
  ListCertificates: () => ({
    CertificateSummaryList: Object.keys(certificates).map((CertificateArn) => ({ CertificateArn })),
  }),
  DescribeCertificate: ({ CertificateArn }) => ({
    Certificate: {
      CertificateArn,
      DomainName: `${CertificateArn}.example.com`,
      SubjectAlternativeNames: [`${CertificateArn}.example.com`, 'www.example.com'],
      Status: 'ISSUED',
      Type: 'IMPORTED',
      KeyAlgorithm: 'EC_prime256v1',
      NotAfter: Date.now() / 1000 + 86400 * certificates[CertificateArn],
      InUseBy: [],
    },
  }),
};

const actions =
  '<member><Type>forward</Type><Order>1</Order><ForwardConfig><TargetGroups>' +
  ['many', 'apache']
    .map(
      (name) =>
        `<member><TargetGroupArn>arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/${name}/73e2d6bc24d8a067` +
        '</TargetGroupArn><Weight>1</Weight></member>',
    )
    .join('') +
  '</TargetGroups></ForwardConfig></member>';
const xml = {
  DescribeRules: `<Rules><member><Actions>${actions}</Actions></member></Rules>`,
  DescribeListeners: `<Listeners><member><DefaultActions>${actions}</DefaultActions></member></Listeners>`,
};

export function answerApi(node, session, request, response, body) {
  const target = request.headers['x-amz-target'];
  const form = new URLSearchParams(target ? '' : body);
  const name = target ? target.split('.')[1] : form.get('Action');
  const reads = /^(Describe|List|Get)/.test(name);
  const send = (status, type, text) => {
    response.writeHead(status, { 'Content-Type': type });
    response.end(text);
  };
  if (!reads) {
    node.revision += 1;
    node.changes.unshift({
      time: Date.now() / 1000,
      caller: session.name,
      from: '127.0.0.1',
      action: name,
      resource: form.get('TargetGroupArn') ?? '',
      outcome: session.role === 'admin' ? 'done' : 'AccessDenied',
      request_id: String(node.revision),
    });
  }
  if (name === 'DeregisterTargets')
    node.drained.add(
      `${form.get('TargetGroupArn').split('/')[1]}|${form.get('Targets.member.1.Id')}:${form.get('Targets.member.1.Port')}`,
    );
  if (target)
    return send(
      200,
      'application/json',
      JSON.stringify(operations[name]?.(JSON.parse(body)) ?? {}),
    );
  if (name === 'RegisterTargets') {
    return send(
      400,
      'text/xml',
      '<ErrorResponse><Error><Code>InvalidTarget</Code><Message>The made-up node takes no target.</Message></Error></ErrorResponse>',
    );
  }
  return send(
    200,
    'text/xml',
    `<${name}Response><${name}Result>${xml[name] ?? ''}</${name}Result></${name}Response>`,
  );
}
