"""Which request meets which fault: pure but for the numbers that it counts.

Tests/Cloud/fault-proxy.md says the words of a rule.
"""
import hashlib
import re
import threading
from urllib.parse import urlsplit

PHASES = {
    "delay": ("before", "after"),
    "answer": ("before", "after"),
    "cut": ("before", "sent", "after"),
    "drop": ("before", "sent", "after"),
    "kill": ("before", "sent", "after"),
    "expire": ("before", "after"),
    "stale": ("after",),
}
WORDS = {
    "": {"name", "action", "service", "method", "path", "nth", "every", "probability", "limit", "limit_per_route", "phase"},
    "delay": {"ms"}, "answer": {"status", "shape", "retry_after"}, "cut": {"at", "reset"}, "drop": {"seconds"},
    "kill": {"pidfile"}, "expire": set(), "stale": {"requests", "seconds"},
}
DROP_LIMIT = 600


class BadRule(Exception):
    pass


def _set(value):
    if value is None:
        return None
    return set(value) if isinstance(value, list) else {value}


class Rule:
    """One line of the rules, checked."""

    def __init__(self, words, index):
        if not isinstance(words, dict):
            raise BadRule(f"rule {index}: not an object")
        self.words = words
        self.name = words.get("name", f"rule-{index}")
        self.action = words.get("action")
        if self.action not in PHASES:
            raise BadRule(f"{self.name}: no action `{self.action}`; there are {', '.join(PHASES)}")
        unknown = set(words) - WORDS[""] - WORDS[self.action]
        if unknown:
            raise BadRule(f"{self.name}: `{self.action}` has no {', '.join(sorted(unknown))}")
        self.phase = words.get("phase", PHASES[self.action][0])
        if self.phase not in PHASES[self.action]:
            raise BadRule(f"{self.name}: `{self.action}` has no phase `{self.phase}`")
        if self.action == "answer" and not 400 <= int(words.get("status", 0)) <= 599:
            raise BadRule(f"{self.name}: `answer` needs a status from 400 to 599")
        if words.get("shape", "service") not in ("service", "html"):
            raise BadRule(f"{self.name}: a shape is `service` or `html`")
        if self.action == "kill" and not words.get("pidfile"):
            raise BadRule(f"{self.name}: `kill` needs a pidfile")
        if self.action == "delay" and "ms" not in words:
            raise BadRule(f"{self.name}: `delay` needs ms")
        if self.action == "stale" and ("requests" in words) == ("seconds" in words):
            raise BadRule(f"{self.name}: `stale` needs either requests or seconds")
        if words.get("at") and self.phase != "after":
            raise BadRule(f"{self.name}: only an answer that came (phase `after`) can be cut at a byte")
        if not 0 < words.get("seconds", 1) <= DROP_LIMIT:
            raise BadRule(f"{self.name}: seconds are more than 0 and at most {DROP_LIMIT}")
        try:
            self.path = re.compile(words.get("path", ""))
        except re.error as error:
            raise BadRule(f"{self.name}: path: {error}") from error
        self.services, self.methods = _set(words.get("service")), _set(words.get("method"))
        self.nth = _set(words.get("nth"))
        self.limit, self.limit_per_route = words.get("limit"), words.get("limit_per_route")
        self.reset()

    def reset(self):
        self.matched = self.fired = 0
        self.fired_on = {}

    def matches(self, service, method, path):
        return ((self.services is None or service in self.services)
                and (self.methods is None or method in self.methods)
                and (self.action != "stale" or method == "GET")
                and self.path.search(path) is not None)

    def fraction(self, seed, number, use):
        """From 0 up to 1, by seed, rule and the number of the request among those that the rule matched: by nothing else."""
        digest = hashlib.sha256(f"{seed}|{self.name}|{number}|{use}".encode()).digest()
        return int.from_bytes(digest[:7], "big") / (1 << 56)

    def decides(self, seed, number):
        """Whether the number-th matching request (from 1) is met, limits aside."""
        if self.nth is not None and number not in self.nth:
            return False
        if number % self.words.get("every", 1) != 0:
            return False
        return self.fraction(seed, number, "fires") < self.words.get("probability", 1)

    def value(self, key, seed, number, default=None):
        """A setting; a pair of numbers is a range of which the seed picks one."""
        value = self.words.get(key, default)
        if isinstance(value, list):
            low, high = value
            return low + int(self.fraction(seed, number, key) * (high - low + 1))
        return value


class Hit:
    """A rule that fired on one request, with its settings picked."""

    def __init__(self, rule, seed, number):
        self.rule, self.action, self.phase, self.number = rule, rule.action, rule.phase, number
        self.settings = {key: rule.value(key, seed, number) for key in WORDS[rule.action] if key in rule.words}

    def shown(self):
        return {"rule": self.rule.name, "action": self.action, "phase": self.phase, "number": self.number, **self.settings}


class Rules:
    """All rules, and how often each has met a request. Delays add up; of the others the first that fires acts alone."""

    def __init__(self, document=None, seed=0):
        self.lock = threading.Lock()
        self.put(document or {"rules": []}, seed)

    def put(self, document, seed=None):
        """Replaces all rules, or none where one of them is bad; their numbers begin anew."""
        if isinstance(document, list):
            document = {"rules": document}
        if not isinstance(document, dict):
            raise BadRule("rules are an object or a list")
        if "profile" in document:
            if document["profile"] not in PROFILES:
                raise BadRule(f"no profile `{document['profile']}`; there is {', '.join(PROFILES)}")
            profile = PROFILES[document["profile"]]
            document = {**profile, **document, "rules": document.get("rules", []) + profile["rules"]}
        unknown = set(document) - {"profile", "seed", "rules", "limit", "limit_per_route"}
        if unknown:
            raise BadRule(f"unknown: {', '.join(sorted(unknown))}")
        rules = [Rule(words, index) for index, words in enumerate(document.get("rules", []), start=1)]
        if len({rule.name for rule in rules}) != len(rules):
            raise BadRule("two rules have the same name")
        with self.lock:
            self.rules = rules
            if document.get("seed", seed) is not None:
                self.seed = document.get("seed", seed)
            self.limit, self.limit_per_route = document.get("limit"), document.get("limit_per_route")
            self._forget()

    def _forget(self):
        self.faults, self.faults_on = 0, {}
        for rule in self.rules:
            rule.reset()

    def reset(self, seed=None):
        with self.lock:
            if seed is not None:
                self.seed = seed
            self._forget()

    def document(self):
        with self.lock:
            return {"seed": self.seed, "limit": self.limit, "limit_per_route": self.limit_per_route,
                    "rules": [rule.words for rule in self.rules],
                    "state": [{"name": rule.name, "matched": rule.matched, "fired": rule.fired} for rule in self.rules]}

    def wants_history(self):
        with self.lock:
            return any(rule.action == "stale" for rule in self.rules)

    def decide(self, service, method, target, route):
        """The hits on this request: delays first to last, and at most one other."""
        path = urlsplit(target).path
        hits, chosen = [], None
        with self.lock:
            for rule in self.rules:
                if not rule.matches(service, method, path):
                    continue
                rule.matched += 1
                is_delay = rule.action == "delay"
                if (not is_delay and chosen is not None) or not rule.decides(self.seed, rule.matched):
                    continue
                if self._spent(rule, route):
                    continue
                rule.fired += 1
                rule.fired_on[route] = rule.fired_on.get(route, 0) + 1
                hit = Hit(rule, self.seed, rule.matched)
                hits.append(hit)
                if not is_delay:
                    chosen = hit
                    self.faults += 1
                    self.faults_on[route] = self.faults_on.get(route, 0) + 1
        return hits

    def _spent(self, rule, route):
        if rule.limit is not None and rule.fired >= rule.limit:
            return True
        if rule.limit_per_route is not None and rule.fired_on.get(route, 0) >= rule.limit_per_route:
            return True
        if rule.action == "delay":
            return False
        return ((self.limit is not None and self.faults >= self.limit)
                or (self.limit_per_route is not None and self.faults_on.get(route, 0) >= self.limit_per_route))


WRITES = ["POST", "PUT", "DELETE"]


def _chaos():
    """The probabilities in one table: of a read, of a write. Fault-proxy.md shows it."""
    table = [
        # name, read, write, rule
        ("refuse-503", 0.02, 0.04, {"action": "answer", "status": 503}),
        ("refuse-503-later", 0.01, 0.02, {"action": "answer", "status": 503, "retry_after": 1}),
        ("refuse-429", 0.01, 0.02, {"action": "answer", "status": 429}),
        ("refuse-429-later", 0.01, 0.02, {"action": "answer", "status": 429, "retry_after": 1}),
        ("fail-500", 0.01, 0.02, {"action": "answer", "status": 500}),
        ("done-500", 0.01, 0.04, {"action": "answer", "status": 500, "phase": "after"}),
        ("done-502", 0.01, 0.04, {"action": "answer", "status": 502, "shape": "html", "phase": "after"}),
        ("done-504", 0.01, 0.04, {"action": "answer", "status": 504, "shape": "html", "phase": "after"}),
        ("cut-before", 0.01, 0.02, {"action": "cut"}),
        ("cut-sent", 0.01, 0.04, {"action": "cut", "phase": "sent", "reset": True}),
        ("cut-answer", 0.01, 0.04, {"action": "cut", "phase": "after", "at": [0, 600]}),
        ("silent", 0.003, 0.01, {"action": "drop", "phase": "after", "seconds": 5}),
        ("expire", 0.005, 0.01, {"action": "expire", "limit": 2}),
        ("stale", 0.03, 0, {"action": "stale", "requests": 1, "path": "/(servers|servers/detail|ports|os-keypairs)$"}),
    ]
    rules = [{"name": "slow", "action": "delay", "ms": [1, 400], "probability": 0.2, "limit": 500}]
    for name, read, write, rule in table:
        for kind, methods, probability in (("read", ["GET"], read), ("write", WRITES, write)):
            if probability:
                rules.append({"name": f"{name}-{kind}", "method": methods, "probability": probability, **rule})
    return rules


PROFILES = {"chaos": {"limit_per_route": 3, "limit": 40, "rules": _chaos()}}
