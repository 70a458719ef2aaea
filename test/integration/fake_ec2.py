# SPDX-License-Identifier: Apache-2.0
"""An EC2 endpoint on a loopback port that answers Describe calls out of a table, page by page.
Whether it is signed well is for others to look at: a daruma as an endpoint does.

Standard library only.
"""
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl

from fake_service import FakeService

SETS = {'DescribeVpcs': ('vpcSet', 'vpc-id'), 'DescribeSubnets': ('subnetSet', 'subnet-id'),
        'DescribeSecurityGroups': ('securityGroupInfo', 'group-id'),
        'DescribeInstances': ('reservationSet', 'instance-id')}


def subnet(vpc, zone):
    return f'<vpcId>{vpc}</vpcId><availabilityZone>{zone}</availabilityZone>'


def instance(vpc, zone, address, state='running'):
    return (f'<vpcId>{vpc}</vpcId><placement><availabilityZone>{zone}</availabilityZone>'
            f'</placement><privateIpAddress>{address}</privateIpAddress>'
            f'<instanceState><name>{state}</name></instanceState>')


class FakeEc2(FakeService):
    """As FakeService: use with `with`. `page_size`: items of an answer."""

    def __init__(self, page_size=100):
        super().__init__()
        self.items = {}  # id → its elements
        self.page_size = page_size
        self.asked = []  # actions

    def answer(self, form):
        """The body for one call."""
        action = form['Action']
        name, filtered = SETS[action]
        assert form['Filter.1.Name'] == filtered, form
        wanted = [value for key, value in form.items() if key.startswith('Filter.1.Value.')]
        found = [each for each in wanted if each in self.items]
        begin = int(form.get('NextToken', 0))
        end = begin + self.page_size
        more = f'<nextToken>{end}</nextToken>' if end < len(found) else ''
        items = ''.join(self.item(action, filtered, each) for each in found[begin:end])
        return (f'<{action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
                f'<requestId>1</requestId><{name}>{items}</{name}>{more}</{action}Response>')

    def item(self, action, filtered, identity):
        tag = filtered.replace('-id', 'Id')
        item = f'<item><{tag}>{identity}</{tag}>{self.items[identity]}</item>'
        if action != 'DescribeInstances':
            return item
        return f'<item><instancesSet>{item}</instancesSet></item>'

    def handler(self):
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers['Content-Length']))
                form = dict(parse_qsl(body.decode()))
                service.asked.append(form['Action'])
                service.may_answer.wait(30)
                text = service.answer(form) if not service.answer_with else (
                    '<Response><Errors><Error><Code>Refused</Code><Message>no</Message></Error>'
                    '</Errors></Response>')
                self.send_response(service.answer_with or 200)
                self.send_header('Content-Length', str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        return Handler
