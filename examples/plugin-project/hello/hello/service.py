#!/usr/bin/env python3
"""Says hello over HTTP: the smallest service that a plugin can bring."""
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello\n")


ThreadingHTTPServer(("", int(sys.argv[1])), Handler).serve_forever()
