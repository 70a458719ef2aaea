# SPDX-License-Identifier: Apache-2.0
"""Clients of the API: boto3, awscli and signed requests of our own, against a daruma that keeps
what they make."""
import json
import os
import re
from pathlib import Path

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.session

import api_model
from harness import Daruma, new_session, run
from processes import ROOT, Ports

KEY, SECRET = 'AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
READER, READER_SECRET = 'AKIDREADER', 'a-secret-of-somebody-who-only-reads'
# Newer models than the packaged clients have, where they are at hand.
MODELS = ROOT.parent / 'shared/vectors/aws-models'


class ApiConfiguration:
    """A daruma.yaml with access keys and nothing to serve."""

    def __init__(self, folder, **sections):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.admin_port, self.http_port, self.https_port = (Ports.take() for _ in range(3))
        (self.folder / 'reader.secret').write_text(READER_SECRET + '\n')
        self.value = {
            'Admin': {'Address': '127.0.0.1', 'Port': self.admin_port, 'AccessKeys': [
                {'Id': KEY, 'Secret': SECRET},
                {'Id': READER, 'SecretFile': 'reader.secret', 'Role': 'read-only'}]},
            'Node': {'Addresses': ['127.0.0.1'], 'AvailabilityZone': 'zone-a'},
            'Logs': {'Directory': './logs'}, **sections}
        self.write()

    @property
    def file(self):
        return self.folder / 'daruma.yaml'

    def write(self):
        aside = self.file.with_suffix('.new')
        aside.write_text(json.dumps(self.value, indent=1))
        aside.rename(self.file)


def serve_api(folder, **sections):
    return Daruma(ApiConfiguration(folder, **sections))


def client(daruma, service='elbv2', key=KEY, secret=SECRET, region='eu-central-1'):
    session = botocore.session.Session()
    # CloudWatch's newest model speaks CBOR, which the packaged client does not.
    if MODELS.exists() and service != 'cloudwatch':
        session.get_component('data_loader').search_paths.insert(0, str(MODELS))
    made = boto3.Session(botocore_session=session).client(
        service, endpoint_url=daruma.admin, aws_access_key_id=key, aws_secret_access_key=secret,
        region_name=region, config=botocore.config.Config(
            retries={'max_attempts': 0}, parameter_validation=False))
    if MODELS.exists() and service in ('elbv2', 'acm'):
        made.meta.events.register('after-call', check_by_model)
    return made


def check_by_model(http_response, model, **_):
    """botocore drops what it does not know: nothing may be there to be dropped."""
    problems = api_model.problems(model, http_response.status_code, http_response.content)
    assert not problems, problems


class Answer:
    """What came back for a request of our own."""

    def __init__(self, response):
        self.status = response.status_code
        self.text = response.text
        self.json = response.json

    def first(self, tag):
        found = re.search(f'<{tag}>(.*?)</{tag}>', self.text, re.S)
        return found and found.group(1)

    @property
    def code(self):
        return self.first('Code')


def ask_json(daruma, target, body, key=KEY, secret=SECRET, service='acm', later=None):
    """The same to a service that speaks JSON; `body` may be anything. If there are fields that are
    added `later`, after the signature, the target is not signed either."""
    request = botocore.awsrequest.AWSRequest(
        'POST', daruma.admin + '/', data=body,
        headers={'Content-Type': 'application/x-amz-json-1.1',
                 **({} if later else {'X-Amz-Target': target})})
    return send_signed(request, service, key, secret, later)


def send_signed(request, service, key=KEY, secret=SECRET, later=None):
    credentials = botocore.credentials.Credentials(key, secret)
    botocore.auth.SigV4Auth(credentials, service, 'us-east-1').add_auth(request)
    with new_session() as session:
        return Answer(session.request(request.method, request.url, data=request.data,
                                      headers={**dict(request.headers), **(later or {})},
                                      timeout=10))


def ask(daruma, action, version='2015-12-01', key=KEY, secret=SECRET,
        service='elasticloadbalancing', **parameters):
    """A signed request, for what the packaged clients do not know or would not send."""
    request = botocore.awsrequest.AWSRequest(
        'POST', daruma.admin + '/', data={'Action': action, 'Version': version, **parameters})
    request.data = request.prepare().body
    request.headers['Content-Type'] = 'application/x-www-form-urlencoded; charset=utf-8'
    return send_signed(request, service, key, secret)


def awscli(daruma, *words, service='elbv2'):
    """`aws elbv2 …`; its answer."""
    environment = {'PATH': os.environ['PATH'], 'HOME': str(daruma.folder),
                   'AWS_ACCESS_KEY_ID': KEY, 'AWS_SECRET_ACCESS_KEY': SECRET,
                   'AWS_DEFAULT_REGION': 'us-east-1', 'AWS_PAGER': ''}
    answer = run(['/usr/bin/aws', '--endpoint-url', daruma.admin, '--output', 'json', service,
                  *words], env=environment)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout) if answer.stdout.strip() else {}
