"""A client of OpenStack's APIs, as small as seeding and checking need."""
import json
import urllib.error
import urllib.request


class APIError(Exception):
    def __init__(self, method, url, status, text):
        super().__init__(f"{method} {url}: {status} {text[:2000]}")
        self.status = status
        self.text = text


def send(method, url, body=None, headers={}, timeout=120):
    """(status, headers, body) of any answer."""
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    request = urllib.request.Request(url, data=body, method=method)
    if body is not None:
        request.add_header("Content-Type", "application/json")
    for name, value in headers.items():
        request.add_header(name, value)
    # Whatever proxies the environment has: the cloud is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


class Session:
    """A token and the catalog that came with it."""

    def __init__(self, auth_url, identity, scope=None):
        self.auth_url = auth_url
        auth = {"identity": identity}
        if scope:
            auth["scope"] = scope
        status, headers, body = send("POST", f"{auth_url}/auth/tokens", {"auth": auth})
        if status != 201:
            raise APIError("POST", f"{auth_url}/auth/tokens", status, body.decode())
        self.token = headers["X-Subject-Token"]
        token = json.loads(body)["token"]
        self.project = token.get("project", {}).get("id")
        self.user = token["user"]["id"]
        self.catalog = {
            entry["type"]: endpoint["url"]
            for entry in token.get("catalog", []) for endpoint in entry["endpoints"]
            if endpoint["interface"] == "public"}

    @classmethod
    def password(cls, auth_url, user, password, project):
        domain = {"name": "Default"}
        return cls(
            auth_url,
            {"methods": ["password"], "password": {"user": {"name": user, "domain": domain, "password": password}}},
            {"project": {"name": project, "domain": domain}})

    def call(self, method, service, path, body=None, headers={}):
        """The answer's JSON; an APIError where the status isn't 2xx."""
        url = self.catalog[service].rstrip("/") + path
        sent = {"X-Auth-Token": self.token}
        if service == "compute":
            sent["OpenStack-API-Version"] = "compute 2.90"
        sent.update(headers)
        status, _, answer = send(method, url, body, sent)
        if not 200 <= status < 300:
            raise APIError(method, url, status, answer.decode(errors="replace"))
        return json.loads(answer) if answer.strip() else None
