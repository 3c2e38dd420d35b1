"""Where a test cloud is: its directory, its ports, its networks, and what it was started with."""
import hashlib
import ipaddress
import json
import os
import shutil
import socket

SOURCES = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: Offsets from the base port.
PORTS = {"keystone": 0, "glance": 1, "placement": 2, "nova": 3, "neutron": 4, "rabbitmq": 5, "epmd": 6, "erlang": 7}
#: TLS before a service is so many ports further; the last one before keystone, too, for those with a certificate.
TLS_OFFSET = 10
CLIENT_OFFSET = 15
DEFAULTS = {
    "port": 17000, "network": "10.63.0.0/22", "token_lifetime": 3600, "max_limit": 1000,
    "images": "/var/lib/stackmake/images",
}


#: A file for each cloud, which holds its directory.
CLAIMS = "/run/stackmake-test-clouds"


def quarters(network):
    """`private`, `extra` and `public` are quarters of one bridge's network, so that the host reaches all."""
    return dict(zip(["private", "extra", "public"], ipaddress.ip_network(network).subnets(new_prefix=24)))


class Failure(Exception):
    """What the user is told, and no traceback."""


class Place:
    def __init__(self, directory, golden):
        self.directory = os.path.abspath(directory)
        self.golden = os.path.abspath(golden)
        self.options = dict(DEFAULTS)
        if os.path.exists(self.path("options.json")):
            with open(self.path("options.json")) as file:
                self.options.update(json.load(file))

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def take(self, options):
        """Keeps the options that were given, and makes the directories."""
        self.options.update({key: value for key, value in options.items() if value is not None})
        # Between the services nothing is proxied; a machine's base image may have to be fetched.
        self.options["proxies"] = {
            name: value for name, value in os.environ.items()
            if name.lower() in ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy")}
        try:
            network = ipaddress.ip_network(self.options["network"])
        except ValueError as error:
            raise Failure(f"--network: {error}")
        if network.prefixlen != 22:
            raise Failure(f"--network: {network} is no /22")
        self.claim()
        for name in ["run", "logs", "etc", "services"]:
            os.makedirs(self.path(name), exist_ok=True)
        os.chmod(self.directory, 0o700)
        self.write("options.json", json.dumps(self.options, indent=2) + "\n")

    def write(self, name, text, mode=0o600):
        """Whole or not at all."""
        path = self.path(name)
        with open(path + ".new", "w") as file:
            file.write(text)
        os.chmod(path + ".new", mode)
        os.rename(path + ".new", path)

    @property
    def mark(self):
        """Tells this cloud's things on the host from those of others."""
        return str(self.options["port"])

    def port(self, service):
        return self.options["port"] + PORTS[service]

    def url(self, service, scheme="http", offset=0):
        tail = {"keystone": "/v3", "nova": "/v2.1"}.get(service, "")
        return f"{scheme}://127.0.0.1:{self.port(service) + offset}{tail}"

    def subnets(self):
        return quarters(self.options["network"])

    def claim(self):
        """Fails where another cloud of this host has the ports or the network; they are this one's from now on."""
        os.makedirs(CLAIMS, exist_ok=True)
        for name in os.listdir(CLAIMS):
            with open(os.path.join(CLAIMS, name)) as file:
                directory = file.read()
            try:
                with open(os.path.join(directory, "options.json")) as file:
                    other = {**DEFAULTS, **json.load(file)}
            except OSError:
                continue
            if directory == self.directory:
                continue
            if abs(other["port"] - self.options["port"]) <= CLIENT_OFFSET:
                raise Failure(f"the cloud in {directory} has the ports from {other['port']}; choose another --port")
            networks = [ipaddress.ip_network(options["network"]) for options in (other, self.options)]
            if networks[0].overlaps(networks[1]):
                raise Failure(f"the cloud in {directory} has the network {networks[0]}; choose another --network")
        with open(self.claim_file, "w") as file:
            file.write(self.directory)

    def check_ports(self):
        """Whoever else is at one of them would be taken for a service of ours."""
        for port in range(self.options["port"], self.options["port"] + CLIENT_OFFSET + 1):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    raise Failure(f"port {port}: {error.strerror.lower()}; choose another --port")

    @property
    def claim_file(self):
        return os.path.join(CLAIMS, hashlib.sha256(self.directory.encode()).hexdigest()[:16])

    def database(self, name):
        return f"mysql+pymysql://root@localhost/{name}?unix_socket={self.path('run', 'mariadb.sock')}&charset=utf8"

    def copy_programs(self, machine):
        """What runs is a copy, so that a build or an edit disturbs no running cloud."""
        if machine is None:
            repository = os.path.dirname(os.path.dirname(SOURCES))
            found = [os.path.join(repository, ".build", kind, "CloudMachine") for kind in ["release", "debug"]]
            found = [path for path in found if os.path.exists(path)]
            if not found:
                raise Failure("`CloudMachine` isn't built; run `swift build --product CloudMachine`")
            machine = max(found, key=os.path.getmtime)
        services = os.path.join(SOURCES, "services")
        names = [name for name in os.listdir(services) if os.path.isfile(os.path.join(services, name))]
        for source in [machine] + [os.path.join(services, name) for name in names]:
            target = self.path("services", os.path.basename(source))
            shutil.copy(source, target + ".new")
            os.rename(target + ".new", target)
        # ML2 finds its drivers by entry points: a package that consists of nothing else.
        package = self.path("services", "stackmake_test_cloud-1.dist-info")
        os.makedirs(package, exist_ok=True)
        with open(os.path.join(package, "METADATA"), "w") as file:
            file.write("Metadata-Version: 2.1\nName: stackmake-test-cloud\nVersion: 1\n")
        with open(os.path.join(package, "entry_points.txt"), "w") as file:
            file.write("[neutron.ml2.mechanism_drivers]\nstackmake = stackmake_binding:BindingDriver\n")
