# SPDX-License-Identifier: Apache-2.0
"""What the fakes of services share: an HTTP server on a loopback port that may go away and come
back. Standard library only.
"""
import contextlib
import socket
import threading
from http.server import ThreadingHTTPServer

from processes import Ports


class Server(ThreadingHTTPServer):
    """Ends its connections with itself: a client that keeps one open must see it go, too."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.connections = set()

    def process_request(self, request, client_address):
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.connections.discard(request)
        super().shutdown_request(request)

    def server_close(self):
        super().server_close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class FakeService:
    """Use with `with`. `answer_with` is a status that everything is answered with, or None. While
    `may_answer` is not set, whoever asks waits."""

    def __init__(self):
        self.port = Ports.take()
        self.answer_with = None
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.server = None

    @property
    def url(self):
        return f'http://127.0.0.1:{self.port}'

    def __enter__(self):
        self.come_back()
        return self

    def __exit__(self, *_):
        self.may_answer.set()
        self.go_away()

    def come_back(self):
        self.server = Server(('127.0.0.1', self.port), self.handler())
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def go_away(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def handler(self):
        """The class that answers, a BaseHTTPRequestHandler."""
        raise NotImplementedError
