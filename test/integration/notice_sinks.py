# SPDX-License-Identifier: Apache-2.0
"""Those whom notices go to, on loopback ports: a webhook and a mail server that remember what they
were given, and can be slow, refuse, or be away.

Standard library only.
"""
import base64
import contextlib
import email
import json
import socketserver
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from processes import Ports


class Webhook:
    """Use with `with`. `answer_with` is the status; while `hold` is not set it answers nothing."""

    def __init__(self):
        self.port = Ports.take()
        self.bodies = []
        self.refused = 0
        self.asked = 0
        self.held = 0  # so many wait for an answer
        self.answer_with = 200
        self.hold = threading.Event()
        self.hold.set()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
                sink.asked += 1
                sink.held += 1
                sink.hold.wait(60)
                sink.held -= 1
                if sink.answer_with == 200:
                    sink.bodies.append(body)
                else:
                    sink.refused += 1
                self.send_response(sink.answer_with)
                self.send_header('Content-Length', '0')
                self.end_headers()

        self.server = ThreadingHTTPServer(('127.0.0.1', self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return f'http://127.0.0.1:{self.port}/hook'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()

    def titles(self):
        return [attachment['title'] for body in self.bodies for attachment in body['attachments']]


class MailServer:
    """SMTP as far as a client needs it (RFC 5321). With a certificate it has STARTTLS; without TLS
    it takes whoever gives a password, to see who does."""

    def __init__(self, certificate=None):
        self.port = Ports.take()
        self.mails = []  # (from, [to], message)
        self.words = []  # all that was said to it
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line):
                self.wfile.write(line.encode() + b'\r\n')

            def handle(self):
                sender, recipients = '', []
                self.say('220 sink ESMTP')
                while line := self.rfile.readline().decode().strip():
                    word = line.upper()
                    sink.words.append(word)
                    if word.startswith('EHLO'):
                        self.say('250-sink\r\n' + ('250-STARTTLS\r\n' if certificate else '')
                                 + '250 AUTH PLAIN LOGIN')
                    elif word == 'STARTTLS' and certificate:
                        self.say('220 go on')
                        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                        context.load_cert_chain(*certificate)
                        with contextlib.suppress(OSError):  # a client that does not trust it
                            context.wrap_socket(self.connection, server_side=True).recv(1)
                        return
                    elif word.startswith('MAIL FROM:'):
                        sender = line[10:].split('>')[0].strip('< ')
                        self.say('250 ok')
                    elif word.startswith('RCPT TO:'):
                        recipients.append(line[8:].split('>')[0].strip('< '))
                        self.say('250 ok')
                    elif word == 'DATA':
                        self.say('354 go on')
                        text = b''
                        while (part := self.rfile.readline()) != b'.\r\n':
                            text += part[1:] if part.startswith(b'..') else part
                        sink.mails.append((sender, recipients, email.message_from_bytes(text)))
                        self.say('250 taken')
                    elif word == 'QUIT':
                        self.say('221 bye')
                        return
                    else:
                        self.say('502 not here')

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True  # a test run of just now may have had this port
            daemon_threads = True

        self.server = Server(('127.0.0.1', self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def text(self, index=0):
        return base64.b64decode(self.mails[index][2].get_payload()).decode()
