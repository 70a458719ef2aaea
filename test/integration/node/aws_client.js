// SPDX-License-Identifier: Apache-2.0
//
// The AWS SDK for JavaScript, version 3, walks the whole life of a load balancer.
//
// Usage: aws_client.js ENDPOINT HTTP_PORT HTTPS_PORT TARGET_ADDRESS TARGET_PORT CERTIFICATE KEY
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const elb = require('@aws-sdk/client-elastic-load-balancing-v2');
const acm = require('@aws-sdk/client-acm');

const [endpoint, httpPort, httpsPort, address, targetPort, certificateFile, keyFile] =
  process.argv.slice(2);
const options = {
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: process.env.KEY, secretAccessKey: process.env.SECRET },
  maxAttempts: 1,
};
const elbv2 = new elb.ElasticLoadBalancingV2(options);
const certificates = new acm.ACM(options);
const made = {};

function get(path) {
  return new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port: httpPort, path, agent: false }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer));
    }).on('error', reject);
  });
}

const cases = {
  async 'what is not there is an error of its class'() {
    await assert.rejects(elbv2.describeLoadBalancers({ Names: ['web'] }),
                         elb.LoadBalancerNotFoundException);
  },
  async 'a wrong secret is refused'() {
    const other = new elb.ElasticLoadBalancingV2({
      ...options, credentials: { ...options.credentials, secretAccessKey: 'wrong' } });
    await assert.rejects(other.describeLoadBalancers({}), { name: 'SignatureDoesNotMatch' });
  },
  async 'a certificate is imported'() {
    const answer = await certificates.importCertificate({
      Certificate: fs.readFileSync(certificateFile), PrivateKey: fs.readFileSync(keyFile) });
    made.certificate = answer.CertificateArn;
    const { Certificate } = await certificates.describeCertificate(
      { CertificateArn: made.certificate });
    assert.ok(Certificate.NotAfter > new Date());
  },
  async 'a load balancer becomes available'() {
    const tags = [{ Key: 'team', Value: 'wäb & <co>' }];
    const { LoadBalancers: [balancer] } = await elbv2.createLoadBalancer(
      { Name: 'web', Tags: tags });
    made.balancer = balancer.LoadBalancerArn;
    await elb.waitUntilLoadBalancerAvailable({ client: elbv2, maxWaitTime: 20 },
                                             { Names: ['web'] });
    const { TagDescriptions: [described] } = await elbv2.describeTags(
      { ResourceArns: [made.balancer] });
    assert.deepStrictEqual(described.Tags, tags);
    assert.ok(Math.abs(balancer.CreatedTime - new Date()) < 60_000);
  },
  async 'targets serve'() {
    const { TargetGroups: [group] } = await elbv2.createTargetGroup(
      { Name: 'group', Protocol: 'HTTP', Port: 80, TargetType: 'ip', HealthCheckPath: '/health' });
    made.group = group.TargetGroupArn;
    await elbv2.registerTargets(
      { TargetGroupArn: made.group, Targets: [{ Id: address, Port: Number(targetPort) }] });
    const { Listeners: [listener] } = await elbv2.createListener({
      LoadBalancerArn: made.balancer, Protocol: 'HTTP', Port: Number(httpPort),
      DefaultActions: [{ Type: 'forward', TargetGroupArn: made.group }] });
    made.listener = listener.ListenerArn;
    await elb.waitUntilTargetInService({ client: elbv2, maxWaitTime: 60, maxDelay: 2, minDelay: 1 },
                                       { TargetGroupArn: made.group });
    assert.strictEqual((await get('/')).statusCode, 200);
  },
  async 'rules come back as they were written, in pages'() {
    for (let priority = 1; priority <= 5; ++priority) {
      await elbv2.createRule({
        ListenerArn: made.listener, Priority: priority,
        Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: [`/${priority}/*`] } }],
        Actions: [{ Type: 'redirect',
                    RedirectConfig: { Host: 'x.example.com', StatusCode: 'HTTP_302' } }] });
    }
    const rules = [];
    for await (const page of elb.paginateDescribeRules({ client: elbv2, pageSize: 2 },
                                                       { ListenerArn: made.listener })) {
      rules.push(...page.Rules);
    }
    assert.deepStrictEqual(rules.map((rule) => rule.Priority),
                           ['1', '2', '3', '4', '5', 'default']);
    assert.deepStrictEqual(rules[1].Conditions[0].PathPatternConfig.Values, ['/2/*']);
    assert.strictEqual((await get('/2/a')).statusCode, 302);
  },
  async 'the newest operations and shapes'() {
    await elbv2.modifyRule({
      RuleArn: (await elbv2.describeRules({ ListenerArn: made.listener })).Rules[0].RuleArn,
      Actions: [{ Type: 'forward', TargetGroupArn: made.group }],
      Transforms: [{ Type: 'url-rewrite', UrlRewriteConfig: {
        Rewrites: [{ Regex: '^/1/(.*)$', Replace: '/status/$1' }] } }] });
    assert.strictEqual((await get('/1/404')).statusCode, 404);
    await elbv2.modifyListenerAttributes({ ListenerArn: made.listener, Attributes: [
      { Key: 'routing.http.response.server.enabled', Value: 'false' }] });
    const reserved = await elbv2.modifyCapacityReservation(
      { LoadBalancerArn: made.balancer, MinimumLoadBalancerCapacity: { CapacityUnits: 200 } });
    assert.strictEqual(reserved.CapacityReservationState[0].EffectiveCapacityUnits, 200);
    assert.deepStrictEqual((await elbv2.describeTrustStores({})).TrustStores, []);
  },
  async 'HTTPS with the certificate'() {
    await elbv2.createListener({
      LoadBalancerArn: made.balancer, Protocol: 'HTTPS', Port: Number(httpsPort),
      Certificates: [{ CertificateArn: made.certificate }],
      DefaultActions: [{ Type: 'forward', TargetGroupArn: made.group }] });
    await assert.rejects(certificates.deleteCertificate({ CertificateArn: made.certificate }),
                         acm.ResourceInUseException);
  },
  async 'all goes again'() {
    await assert.rejects(elbv2.deleteTargetGroup({ TargetGroupArn: made.group }),
                         elb.ResourceInUseException);
    await elbv2.deleteLoadBalancer({ LoadBalancerArn: made.balancer });
    await elb.waitUntilLoadBalancersDeleted({ client: elbv2, maxWaitTime: 20 },
                                            { Names: ['web'] });
    await elbv2.deleteTargetGroup({ TargetGroupArn: made.group });
    await certificates.deleteCertificate({ CertificateArn: made.certificate });
  },
};

async function main() {
  const results = {};
  for (const [name, run] of Object.entries(cases)) {
    try {
      await run();
      results[name] = 'ok';
    } catch (problem) {
      results[name] = String(problem.stack);
    }
  }
  console.log(JSON.stringify(results));
}

main();
