"""The control port: rules, log and counts of a running proxy, for tests on the same host."""
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from .rules import BadRule


class Control(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.proxy = proxy
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def about(self, pid):
        return {"control": self.url, "services": self.proxy.urls, "pid": pid}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _say(self, status, value):
        data = (json.dumps(value, indent=1) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _document(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return json.loads(data) if data.strip() else {}

    def _unknown(self):
        self._say(404, {"error": f"no {self.command} {self.path}; there are GET and PUT /rules, GET /log, GET /counts, "
                                 "POST /reset"})

    def do_GET(self):
        split = urlsplit(self.path)
        proxy = self.server.proxy
        if split.path == "/rules":
            self._say(200, proxy.rules.document())
        elif split.path == "/log":
            self._say(200, proxy.journal.log(int(parse_qs(split.query).get("since", ["0"])[0])))
        elif split.path == "/counts":
            self._say(200, proxy.journal.summary())
        else:
            self._unknown()

    def do_PUT(self):
        try:
            document = self._document()
            if self.path != "/rules":
                return self._unknown()
            self.server.proxy.rules.put(document)
        except (ValueError, TypeError, BadRule) as error:
            return self._say(400, {"error": str(error)})
        return self._say(200, self.server.proxy.rules.document())

    def do_POST(self):
        try:
            document = self._document()
            if self.path != "/reset":
                return self._unknown()
            self.server.proxy.reset(document.get("seed"))
        except (ValueError, AttributeError) as error:
            return self._say(400, {"error": str(error)})
        return self._say(200, {})
