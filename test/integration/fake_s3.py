# SPDX-License-Identifier: Apache-2.0
"""An S3-compatible service on a loopback port that takes PUT and GET of objects by path, and only
what is signed by AWS Signature Version 4 with its key, over the body that came.

Standard library only.
"""
import hashlib
import hmac
import re
from http.server import BaseHTTPRequestHandler

from fake_service import FakeService

KEY, SECRET, REGION = 'AKIALOGS', 'a/secret+key', 'eu-central-1'
AUTHORIZATION = re.compile(
    r'AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?'
    r'SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})')


def signature(method, path, signed, fields, payload, date, day):
    """As "Signature Calculations for the Authorization Header" of S3's documentation has it."""
    path, _, query = path.partition('?')
    lines = ''.join(f'{name}:{fields[name].strip()}\n' for name in signed.split(';'))
    request = f'{method}\n{path}\n{query}\n{lines}\n{signed}\n{payload}'
    scope = f'{day}/{REGION}/s3/aws4_request'
    text = '\n'.join(['AWS4-HMAC-SHA256', date, scope,
                      hashlib.sha256(request.encode()).hexdigest()])
    key = f'AWS4{SECRET}'.encode()
    for word in (day, REGION, 's3', 'aws4_request', text):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return key.hex()


class FakeS3(FakeService):
    """As FakeService: use with `with`."""

    def __init__(self):
        super().__init__()
        self.objects = {}  # path, and query where there is one → body
        self.refused = []
        self.asked = 0

    def problem(self, request, body):
        """What is wrong with the signature, or None."""
        fields = {name.lower(): value for name, value in request.headers.items()}
        match = AUTHORIZATION.fullmatch(fields.get('authorization', ''))
        if not match:
            return 'AccessDenied'
        key, day, region, signed, given = match.groups()
        payload = fields.get('x-amz-content-sha256', '')
        if payload != hashlib.sha256(body).hexdigest():
            return 'XAmzContentSHA256Mismatch'
        if key != KEY or region != REGION:
            return 'InvalidAccessKeyId'
        if not {'host', 'x-amz-date', 'x-amz-content-sha256'} <= set(signed.split(';')):
            return 'AccessDenied'
        expected = signature(request.command, request.path, signed, fields, payload,
                             fields['x-amz-date'], day)
        return None if hmac.compare_digest(expected, given) else 'SignatureDoesNotMatch'

    def handler(self):
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def answer(self, status, body=b''):
                self.send_response(status)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def refuse(self, status, code):
                self.answer(status, f'<Error><Code>{code}</Code><Message>no</Message></Error>'
                            .encode())

            def serve(self):
                service.asked += 1
                body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
                service.may_answer.wait(30)
                if service.answer_with:
                    return self.refuse(service.answer_with, 'SlowDown')
                problem = service.problem(self, body)
                if problem:
                    service.refused.append((problem, self.path))
                    return self.refuse(403, problem)
                if self.command == 'PUT':
                    service.objects[self.path] = body
                    return self.answer(200)
                if self.path not in service.objects:
                    return self.refuse(404, 'NoSuchKey')
                return self.answer(200, service.objects[self.path])

            do_PUT = do_GET = serve  # noqa: N815

            def log_message(self, *_):
                pass

        return Handler
