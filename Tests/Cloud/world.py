"""What is in the cloud, asked of the real services themselves: by other code than stackmake's, and not through the proxy."""
import json
import urllib.error
import urllib.request
from urllib.parse import urljoin, urlsplit

# How stackmake marks what it makes.
CLUSTER_TAG = "sm-c-"
TARGET_TAG = "sm-t-server."

# what, type in the catalog, path below the endpoint, key of the list. A service without it (404) has none.
LISTS = [
    ("servers", "compute", "/servers/detail", "servers"),
    ("ports", "network", "/v2.0/ports", "ports"),
    ("key pairs", "compute", "/os-keypairs", "keypairs"),
    ("server groups", "compute", "/os-server-groups", "server_groups"),
    ("security groups", "network", "/v2.0/security-groups", "security_groups"),
    ("floating addresses", "network", "/v2.0/floatingips", "floatingips"),
]
NAMES = {"compute": "nova", "image": "glance", "network": "neutron", "placement": "placement", "identity": "keystone"}
LIMIT = 120
PAGES = 1000


class CloudsFile:
    """As much of YAML as a clouds.yaml of the tests has: maps by indentation, and plain or quoted words."""

    @staticmethod
    def read(text):
        root = {}
        open_maps = [(-1, root)]
        for number, line in enumerate(text.splitlines(), start=1):
            words = line.strip()
            if not words or words[0] == "#" or words == "---":
                continue
            key, colon, value = words.partition(":")
            if not colon or words[0] in "-[{":
                raise ValueError(f"line {number}: only `key: value` is read here")
            indent = len(line) - len(line.lstrip())
            while open_maps[-1][0] >= indent:
                open_maps.pop()
            value = value.strip()
            if value[:1] in ("'", '"'):
                value = json.loads(value) if value[0] == '"' else value[1:value.rindex("'")].replace("''", "'")
            else:
                value = value.split(" #")[0].strip()
                if not value or value[0] == "#":
                    value = {}
            open_maps[-1][1][CloudsFile._unquoted(key.strip())] = value
            if isinstance(value, dict):
                open_maps.append((indent, value))
        return root

    @staticmethod
    def _unquoted(key):
        return key[1:-1] if key[:1] in ("'", '"') and key[-1:] == key[0] else key

    @staticmethod
    def written(document, indent=0):
        text = ""
        for key, value in document.items():
            if isinstance(value, dict):
                text += f"{'  ' * indent}{key}:\n" + CloudsFile.written(value, indent + 1)
            else:
                # A plain word stays plain: `false` in quotes is no boolean.
                plain = value.lower() in ("true", "false") or value.replace(".", "", 1).isdigit()
                text += f"{'  ' * indent}{key}: {value if plain else json.dumps(value)}\n"
        return text


def through(cloud, keystone):
    """The same cloud, with the proxy's keystone before it. Overridden endpoints would lead past the proxy."""
    cloud = {key: value for key, value in cloud.items() if not key.endswith("_endpoint_override")}
    path = urlsplit(cloud["auth"]["auth_url"]).path
    return {**cloud, "auth": {**cloud["auth"], "auth_url": keystone + path}}


def auth_request(auth):
    """The body of POST /v3/auth/tokens for what a clouds.yaml says."""
    def named(kind, default=None):
        if auth.get(f"{kind}_id"):
            return {"id": auth[f"{kind}_id"]}
        name = auth.get(f"{kind}_name", default)
        return {"name": name} if name else None

    if "application_credential_id" in auth or "application_credential_name" in auth:
        credential = {"secret": auth["application_credential_secret"]}
        if "application_credential_id" in auth:
            credential["id"] = auth["application_credential_id"]
        else:
            credential["name"] = auth["application_credential_name"]
            credential["user"] = {"name": auth["username"], "domain": named("user_domain", "Default")}
        return {"auth": {"identity": {"methods": ["application_credential"], "application_credential": credential}}}
    user = {"password": auth["password"]}
    user.update({"id": auth["user_id"]} if "user_id" in auth else
                {"name": auth["username"], "domain": named("user_domain") or named("domain", "Default")})
    project = named("project")
    if "id" not in project:
        project["domain"] = named("project_domain") or named("domain", "Default")
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": {"project": project}}}


class World:
    """One project of one cloud. It asks for a token anew each time: some trials outlive one."""

    def __init__(self, cloud):
        self.auth = cloud["auth"]
        self.interface = cloud.get("interface", "public").removesuffix("URL")
        self.region = cloud.get("region_name")
        self.log_in()

    def log_in(self):
        url = self.auth["auth_url"].rstrip("/")
        url += "/auth/tokens" if url.endswith("/v3") else "/v3/auth/tokens"
        request = urllib.request.Request(url, json.dumps(auth_request(self.auth)).encode(),
                                         {"Content-Type": "application/json"}, method="POST")
        with self._open(request) as response:
            self.token = response.headers["X-Subject-Token"]
            self.project = (token := json.load(response)["token"]).get("project", {}).get("id")
        self.endpoints = {
            entry["type"]: endpoint["url"].rstrip("/") for entry in token["catalog"] for endpoint in entry["endpoints"]
            if endpoint["interface"] == self.interface and self.region in (None, endpoint["region"])}

    @staticmethod
    def _open(request):
        # Not through a proxy of the environment.
        return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=LIMIT)

    def services(self):
        """Name and address of each service that the fault proxy can stand before."""
        found = {NAMES[kind]: url for kind, url in self.endpoints.items() if kind in NAMES}
        found["keystone"] = self.auth["auth_url"]
        return {name: f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for name, url in sorted(found.items())}

    def _url(self, kind, path):
        base = self.endpoints[kind]
        return base + (path.removeprefix("/v2.0") if base.endswith("/v2.0") else path)

    def delete(self, kind, path):
        """The status; 404 is as good as any other."""
        request = urllib.request.Request(self._url(kind, path), headers={"X-Auth-Token": self.token}, method="DELETE")
        try:
            with self._open(request) as response:
                return response.status
        except urllib.error.HTTPError as error:
            if error.code in (404, 409):
                return error.code
            raise AssertionError(f"DELETE {request.full_url} gave {error.code}") from error

    def _list(self, kind, path, key):
        url, found = self._url(kind, path), []
        for _ in range(PAGES):
            request = urllib.request.Request(url, headers={
                "X-Auth-Token": self.token, "Accept": "application/json", "OpenStack-API-Version": "compute 2.53"})
            try:
                with self._open(request) as response:
                    body = json.load(response)
            except urllib.error.HTTPError as error:
                if error.code == 404:
                    return []
                raise AssertionError(f"GET {url} gave {error.code}") from error
            found += body[key]
            links = body.get(f"{key}_links", [])
            following = next((link["href"] for link in links if link["rel"] == "next"), None)
            if following is None:
                return found
            url = urljoin(url, following)
        raise AssertionError(f"GET {self._url(kind, path)} has no end")

    def found(self, kinds=frozenset(what for what, *_ in LISTS)):
        """What the project holds: kind to list of values, each with an `id`."""
        self.log_in()
        found = {}
        for what, kind, path, key in (each for each in LISTS if each[0] in kinds):
            items = self._list(kind, path, key)
            if what == "key pairs":
                items = [{**item["keypair"], "id": item["keypair"]["name"]} for item in items]
            if kind == "network":  # an administrator is shown every project's
                items = [item for item in items if item.get("project_id", self.project) == self.project]
            found[what] = items
        return found


def identifiers(found):
    return {(what, item["id"]) for what, items in found.items() for item in items}


def differences(found, servers, before=frozenset()):
    """All that isn't as it must be when the cluster holds just these servers, in words; `before` was there before it."""
    new = {what: [item for item in items if (what, item["id"]) not in before] for what, items in found.items()}
    wrong, by_name, clusters = [], {}, set()
    for server in new.get("servers", []):
        tags = server.get("tags", [])
        names = [tag.removeprefix(TARGET_TAG) for tag in tags if tag.startswith(TARGET_TAG)]
        clusters |= {tag for tag in tags if tag.startswith(CLUSTER_TAG)}
        if len(names) != 1 or not any(tag.startswith(CLUSTER_TAG) for tag in tags):
            wrong.append(f"server {server['id']} ({server.get('name')}) has the tags {tags}")
        else:
            by_name.setdefault(names[0], []).append(server)
    if len(clusters) > 1:
        wrong.append(f"servers of several clusters: {', '.join(sorted(clusters))}")
    for name in sorted(set(servers) | set(by_name)):
        count, wanted = len(by_name.get(name, [])), int(name in servers)
        if count != wanted:
            wrong.append(f"server {name}: {count} of them instead of {wanted}")
        wrong += [f"server {name} is {server['status']}" for server in by_name.get(name, [])
                  if server.get("status", "ACTIVE") != "ACTIVE"]
    ports = new.get("ports", [])
    for name, made in sorted(by_name.items()):
        for server in made:
            count = sum(port.get("device_id") == server["id"] for port in ports)
            if count != 1:
                wrong.append(f"server {name} has {count} ports")
            wrong += [f"port {port['id']} of server {name} is called {port.get('name')}" for port in ports
                      if port.get("device_id") == server["id"] and not port.get("name", "").endswith(f"-{name}")]
    known = {server["id"] for server in new.get("servers", [])}
    wrong += [f"port {port['id']} ({port.get('name')}) belongs to no server" for port in ports
              if port.get("device_id") not in known]
    for what, items in sorted(new.items()):
        # These a cluster has once, and none without a server.
        wanted = int(bool(servers) and what in ("key pairs", "security groups"))
        if what not in ("servers", "ports") and len(items) != wanted:
            wrong.append(f"{what}: {len(items)} instead of {wanted}: {', '.join(str(item['id']) for item in items)}")
    return wrong
