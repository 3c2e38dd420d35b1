"""What passed: a log without bodies, tokens and passwords, and counts by service, method and path."""
import collections
import hashlib
import json
import re
import threading
import time
from urllib.parse import parse_qsl, quote, urlsplit

ID = re.compile(r"^([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}|[0-9]+)$")
# What follows one of these is a name or an id, whatever it looks like.
COLLECTIONS = {"servers", "flavors", "images", "os-keypairs", "os-server-groups", "networks", "subnets", "ports", "tags",
               "security-groups", "floatingips", "quotas", "projects", "metadata", "os-volume_attachments", "os-interface"}
WORDS = {"detail", "detail.json", "details", "details.json", "default", "default.json", "defaults"}
SECRET = re.compile(r"(token|secret|pass|signature|credential|user_?data)", re.IGNORECASE)
KEPT = 100_000


def pattern(path):
    """`/v2.1/servers/0f3c…/action` is `/v2.1/servers/{id}/action`."""
    words = path.split("/")
    for index, word in enumerate(words):
        below = words[index - 1] in COLLECTIONS if index > 0 else False
        if ID.match(word) or (below and word and word not in WORDS):
            words[index] = "{id}"
    return "/".join(words)


def shown(target):
    """The path and query as the log may show them."""
    split = urlsplit(target)
    if not split.query:
        return split.path
    pairs = [(name, "***" if SECRET.search(name) else quote(value, safe=":,-._~"))
             for name, value in parse_qsl(split.query, keep_blank_values=True)]
    return split.path + "?" + "&".join(f"{name}={value}" for name, value in pairs)


def action(method, path, body):
    """Which action a server is asked for: the one word of the body that tells requests to one path apart."""
    if method != "POST" or not path.endswith("/action"):
        return ""
    try:
        word = next(iter(json.loads(body)))
    except (ValueError, StopIteration, TypeError):
        return ""
    return f" {word}" if re.fullmatch(r"[A-Za-z-]{1,40}", word) else ""


class Journal:
    """Threads call begin, note and end. What begin gives is changed in place until end."""

    def __init__(self, path=None):
        self.lock = threading.Lock()
        self.file = open(path, "a", buffering=1) if path else None
        self.reset()

    def reset(self):
        with self.lock:
            self.number = 0
            self.entries = collections.deque(maxlen=KEPT)
            self.counts = {}
            self.asked = set()

    def begin(self, service, request):
        method, target = request.start[0], request.start[1]
        path = urlsplit(target).path
        route = f"{service} {method} {pattern(path)}{action(method, path, request.body)}"
        repeatable = method in ("GET", "HEAD") or path.endswith("/action")
        digest = hashlib.sha256(f"{service} {method} {target}\n".encode() + request.body).digest()
        with self.lock:
            self.number += 1
            entry = {"n": self.number, "time": round(time.time(), 3), "service": service, "method": method,
                     "path": shown(target), "route": route, "status": None, "upstream": None, "actions": [],
                     "started": time.monotonic()}
            count = self.counts.setdefault(route, {"requests": 0, "repeats": 0, "passed": 0, "faults": 0})
            count["requests"] += 1
            # Asked before in the very same words: that is polling (or a retry after a fault).
            count["repeats"] += repeatable and digest in self.asked
            self.asked.add(digest)
        return entry

    def note(self, entry, passed=False, fault=None, upstream=None, request_id=None):
        with self.lock:
            count = self.counts.get(entry["route"])
            if passed:
                entry["passed"] = True
            if fault is not None:
                entry["actions"].append(fault)
            if count is not None:
                count["passed"] += passed
                count["faults"] += fault is not None
            if upstream is not None:
                entry["upstream"] = upstream
            if request_id:
                entry["request_id"] = request_id

    def show(self, entry, status):
        """Before the client sees its answer (nil: none), so that who has it finds the entry here."""
        with self.lock:
            entry["status"] = status
            entry["ms"] = round((time.monotonic() - entry["started"]) * 1000)
            self.entries.append(entry)

    def end(self, entry):
        if self.file:
            with self.lock:
                self.file.write(json.dumps(self._public(entry)) + "\n")

    @staticmethod
    def _public(entry):
        return {key: value for key, value in entry.items() if key != "started"}

    def log(self, since=0):
        with self.lock:
            return [self._public(entry) for entry in self.entries if entry["n"] > since]

    def summary(self):
        with self.lock:
            routes = {route: dict(count) for route, count in sorted(self.counts.items())}
        totals = {key: sum(count[key] for count in routes.values())
                  for key in ("requests", "repeats", "passed", "faults")}
        return {"total": totals, "routes": routes}
