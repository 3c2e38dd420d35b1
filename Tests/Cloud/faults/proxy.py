"""The proxy itself: a thread a connection, one connection to the real service for each of the client's."""
import collections
import hashlib
import json
import os
import select
import signal
import socket
import struct
import threading
import time
from urllib.parse import urlsplit

from . import answers, http1

UPSTREAM_LIMIT = 300
IDLE_LIMIT = 300
HISTORY = 64


class Tokens:
    """Which tokens were issued since the last expiry, and for which project; digests only."""

    def __init__(self):
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        with self.lock:
            self.expired, self.good, self.projects = False, set(), {}

    def expire(self):
        with self.lock:
            self.expired, self.good = True, set()

    def issued(self, token, body):
        try:
            project = json.loads(body)["token"]["project"]["id"]
        except (ValueError, KeyError, TypeError):
            project = None
        with self.lock:
            self.good.add(self._digest(token))
            self.projects[self._digest(token)] = project

    def refuses(self, token):
        with self.lock:
            return bool(token) and self.expired and self._digest(token) not in self.good

    def project(self, token):
        """Whose lists this token shows; a token of which that isn't known stands for itself."""
        digest = self._digest(token)
        with self.lock:
            return self.projects.get(digest) or digest

    @staticmethod
    def _digest(token):
        return hashlib.sha256(token.encode()).digest()


class History:
    """What lists answered before, for stale answers; kept only while a rule wants it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        with self.lock:
            self.past = {}

    def older(self, key, now, requests=None, seconds=None):
        with self.lock:
            past = list(self.past.get(key, ()))
        if requests is not None:
            return past[-requests][1] if len(past) >= requests else None
        return next((message for then, message in reversed(past) if now - then >= seconds), None)

    def record(self, key, now, message):
        with self.lock:
            self.past.setdefault(key, collections.deque(maxlen=HISTORY)).append((now, message))


class Upstream:
    """A connection to the real service, kept while both sides keep it."""

    def __init__(self, url):
        split = urlsplit(url)
        self.address = (split.hostname, split.port or 80)
        self.host = split.netloc
        self.socket = self.file = None

    def close(self):
        if self.socket is not None:
            self.file.close()
            self.socket.close()
            self.socket = self.file = None

    def send(self, request):
        # A connection that the service has closed meanwhile is readable.
        # After a byte of a request went out, it's never sent again: it may have been heard.
        if self.socket is not None and select.select([self.socket], [], [], 0)[0]:
            self.close()
        if self.socket is None:
            self.socket = socket.create_connection(self.address, timeout=UPSTREAM_LIMIT)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.file = self.socket.makefile("rb")
        # What is rewritten must be readable, so no compressed answers are asked for.
        headers = [("Host", self.host)] + request.without("Host", "Accept-Encoding")
        self.socket.sendall(http1.Message((*request.start[:2], "HTTP/1.1"), headers, request.body, request.chunked).encoded())

    def receive(self, method):
        message = http1.read_answer(self.file, method)
        if message.closes:
            self.close()
        # Version and closing are this connection's own affair, not the client's.
        message.start, message.closes = ("HTTP/1.1", *message.start[1:]), False
        return message


class Ended(Exception):
    """A fault has dealt with this request. `keeps` says whether the client's connection goes on."""

    def __init__(self, keeps=False):
        super().__init__()
        self.keeps = keeps


class Exchange:
    """One request: what the rules say of it, and what comes of it."""

    def __init__(self, connection, request):
        self.connection, self.proxy, self.service = connection, connection.proxy, connection.service
        self.request = request
        self.method = request.start[0]
        self.entry = self.proxy.journal.begin(self.service, request)
        self.hits = self.proxy.rules.decide(self.service, self.method, request.start[1], self.entry["route"])

    def run(self):
        try:
            return self._run()
        finally:
            self.proxy.journal.end(self.entry)

    def _hits(self, phase):
        return [hit for hit in self.hits if hit.phase == phase]

    def _note(self, hit, **more):
        self.proxy.journal.note(self.entry, fault={**hit.shown(), **more})

    def _run(self):
        for hit in self._hits("before"):
            self._refuse(hit)
        token = self.request.header("X-Auth-Token")
        if self.proxy.tokens.refuses(token):
            self.entry["expired"] = True
            return self._answer(answers.unauthorized(self.service, self.proxy.urls.get("keystone", "")))
        try:
            self.connection.upstream.send(self.request)
            self.proxy.journal.note(self.entry, passed=True)
            for hit in self._hits("sent"):
                self._leave(hit)
            answer = self._receive()
        except (OSError, http1.Broken) as error:
            self.connection.upstream.close()
            self.entry["error"] = f"upstream: {error}"
            self._close(reset=True)
        key = (self.service, self.request.start[1], self.request.header("OpenStack-API-Version"),
               self.proxy.tokens.project(token))
        now = time.monotonic()
        past = self._stale(key, now)
        if self.method == "GET" and answer.status == 200 and self.proxy.rules.wants_history():
            self.proxy.history.record(key, now, answer)
        for hit in self._hits("after"):
            self._spoil(hit, answer)
        return self._answer(past or answer)

    def _receive(self):
        answer = self.connection.upstream.receive(self.method)
        request_id = answer.header("X-Openstack-Request-Id")
        self.proxy.journal.note(self.entry, upstream=answer.status, request_id=request_id)
        if self.service == "keystone" and answer.header("X-Subject-Token") and self.method == "POST":
            self.proxy.tokens.issued(answer.header("X-Subject-Token"), answer.body)
        self.proxy.rewriter.apply(self.service, answer)
        return answer

    # Each of these acts on one hit; those that return let the request go on.

    def _refuse(self, hit):
        if hit.action == "delay":
            self._delay(hit)
        elif hit.action == "expire":
            self._note(hit)
            self.proxy.tokens.expire()
        elif hit.action == "answer":
            self._note(hit)
            raise Ended(self._answer(self._failure(hit)))
        else:
            self._leave(hit)

    def _leave(self, hit):
        """A cut, a drop or a kill, before the request was passed on or while the service works on it."""
        pid = self._victim(hit) if hit.action == "kill" else None
        if hit.action == "kill" and pid is None:
            return
        self._note(hit, **({"killed": pid} if pid else {}))
        self.proxy.journal.show(self.entry, None)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        if hit.action == "drop":
            self._hold(hit)
        self.connection.close(reset=hit.settings.get("reset", False))
        if hit.phase == "sent":
            # The service isn't disturbed: its answer is read, and goes nowhere.
            try:
                self._receive()
            except (OSError, http1.Broken) as error:
                self.entry["error"] = f"upstream: {error}"
        raise Ended

    def _spoil(self, hit, answer):
        if hit.action == "delay":
            self._delay(hit)
        elif hit.action == "expire":
            self._note(hit)
            self.proxy.tokens.expire()
        elif hit.action == "answer":
            self._note(hit)
            raise Ended(self._answer(self._failure(hit)))
        elif hit.action == "cut":
            data = answer.encoded()[:hit.settings.get("at", 0)]
            self._note(hit, sent=len(data))
            self.proxy.journal.show(self.entry, answer.status if len(data) > 12 else None)
            self.connection.write(data)
            self.connection.close(reset=hit.settings.get("reset", False))
            raise Ended
        elif hit.action in ("drop", "kill"):
            self._leave(hit)

    def _failure(self, hit):
        return answers.failure(self.service, hit.settings["status"], hit.settings.get("shape", "service"),
                               hit.settings.get("retry_after"))

    def _delay(self, hit):
        self._note(hit)
        time.sleep(hit.settings["ms"] / 1000)

    def _stale(self, key, now):
        for hit in self._hits("after"):
            if hit.action == "stale":
                past = self.proxy.history.older(key, now, hit.settings.get("requests"), hit.settings.get("seconds"))
                self._note(hit, served=past is not None)
                return past
        return None

    def _victim(self, hit):
        """Whom to kill; nil where there is nobody: then the request goes on as if nothing were."""
        try:
            with open(hit.settings["pidfile"]) as file:
                pid = int(file.read().split()[0])
            if pid <= 1 or pid == os.getpid():
                raise ValueError(f"{pid} is not to be killed")
            os.kill(pid, 0)
            return pid
        except (OSError, ValueError, IndexError) as error:
            self._note(hit, killed=None, why=str(error))
            return None

    def _hold(self, hit):
        """Waits until the client gives up, but no longer than the rule says."""
        ready, _, _ = select.select([self.connection.socket], [], [], hit.settings.get("seconds", 60))
        self.entry["gave_up"] = bool(ready)

    def _close(self, reset):
        self.proxy.journal.show(self.entry, None)
        self.connection.close(reset=reset)
        raise Ended

    def _answer(self, answer):
        """Whether the client's connection goes on after it."""
        closes = answer.closes or self.request.closes
        self.proxy.journal.show(self.entry, answer.status)
        data = answer.encoded(closes)
        if self.method == "HEAD":
            data = data[:data.index(b"\r\n\r\n") + 4]
        self.connection.write(data)
        return not closes


class Connection(threading.Thread):
    """A client's connection; it lasts until one side has enough of it."""

    def __init__(self, proxy, service, client):
        super().__init__(daemon=True)
        self.proxy, self.service, self.socket = proxy, service, client
        self.upstream = Upstream(proxy.upstreams[service])

    def run(self):
        try:
            self.socket.settimeout(IDLE_LIMIT)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.socket.makefile("rb") as file:
                while True:
                    request = http1.read_request(file, self.write)
                    if request is None or not self._exchange(request):
                        return
        except (OSError, http1.Broken):
            pass  # the client went away, or spoke nonsense
        finally:
            self.close()
            self.upstream.close()

    def _exchange(self, request):
        try:
            return Exchange(self, request).run()
        except Ended as ended:
            return ended.keeps

    def write(self, data):
        self.socket.sendall(data)

    def close(self, reset=False):
        try:
            if reset:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        # Not `close`: that waits for the reader, and the client is to see it now.
        if self.socket.fileno() >= 0:
            os.close(self.socket.detach())


class Proxy:
    """Listens for every service at once. `services` is a list of (name, port, address of the real one)."""

    def __init__(self, services, rules, journal, rewriter, host="127.0.0.1"):
        self.rules, self.journal = rules, journal
        self.tokens, self.history = Tokens(), History()
        self.upstreams = {name: upstream for name, _, upstream in services}
        self.listeners = {name: socket.create_server((host, port), backlog=128) for name, port, _ in services}
        self.urls = {name: f"http://{host}:{listener.getsockname()[1]}" for name, listener in self.listeners.items()}
        self.rewriter = rewriter({upstream: self.urls[name] for name, upstream in self.upstreams.items()})

    def start(self):
        for name, listener in self.listeners.items():
            threading.Thread(target=self._accept, args=(name, listener), daemon=True).start()

    def _accept(self, name, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            Connection(self, name, client).start()

    def reset(self, seed=None):
        self.rules.reset(seed)
        self.journal.reset()
        self.tokens.reset()
        self.history.reset()
