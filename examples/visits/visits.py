#!/usr/bin/env python3
"""Counts visits in a database on another machine."""
import os
import socket
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CLIENT = ["mariadb", f"--defaults-file={os.path.expanduser('~/client.cnf')}", "-N", "-e"]
SERVER = socket.gethostname()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        statement = "SELECT 1" if self.path == "/health" else (
            f"INSERT INTO visit (server) VALUES ('{SERVER}'); "
            "SELECT server, count(*) FROM visit GROUP BY server")
        done = subprocess.run(CLIENT + [statement], capture_output=True, text=True, timeout=20)
        self.send_response(200 if done.returncode == 0 else 500)
        self.end_headers()
        self.wfile.write((f"{SERVER}:\n" + (done.stdout or done.stderr)).encode())


ThreadingHTTPServer(("", 8080), Handler).serve_forever()
