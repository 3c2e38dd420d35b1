#!/usr/bin/env python3
"""Asks an OpenStack cloud about its hypervisors and cells, and proves that they work.

  cells.py services  all services of the controller answer
  cells.py up HOST   nova-compute of this host is up and enabled
  cells.py forget HOST
                     nova knows nothing of this host any more: its instances, compute service, mapping and inventory
  cells.py verify HOST=CELL...
                     every host is up, in the cell that it should be in, and boots an instance

Needs openstacksdk and, for `verify`, nova-manage and nova-status of the machine that it runs on.
Whatever it waits for has a limit. What `verify` makes it removes, also when it is interrupted.
"""
import argparse
import difflib
import os
import re
import shlex
import signal
import subprocess
import sys
import time

import openstack

#: What all things that `verify` makes are called, and how their maker is known.
PREFIX = "stackmake-probe-"
MARK = {"stackmake": "probe"}
#: `host` of a new server came with 2.74; deletion of a service by its UUID and all else is older.
VERSION = "2.74"
COMPUTE_DOWN_AFTER = 75


class Failure(Exception):
    """What is wrong, in words for a person."""


def say(text=""):
    try:
        print(text, flush=True)
    except OSError:
        # Nobody listens any more. Cleaning up goes on.
        pass


def wait(limit, check, every=1.0):
    """What `check` says once that is true, or what it said last when the time is over."""
    end = time.monotonic() + limit
    while True:
        found = check()
        if found or time.monotonic() > end:
            return found
        time.sleep(every)


class Cloud:
    """The requests that are made here, with errors that say what was asked for."""

    def __init__(self, name):
        self.connection = openstack.connect(cloud=name, api_timeout=90)

    def call(self, service, method, path, body=None, missing_ok=False, **more):
        proxy = getattr(self.connection, service)
        version = {"compute": VERSION, "placement": "1.20"}.get(service)
        if body is not None:
            more["json"] = body
        try:
            reply = proxy.request(path, method, microversion=version, raise_exc=False, timeout=90, **more)
        except Exception as error:
            raise Failure(f"{method} {service} {path}: {error}") from error
        if reply.status_code == 404 and missing_ok:
            return None
        if reply.status_code >= 400:
            raise Failure(f"{method} {service} {path}: {reply.status_code} {message(reply)}")
        return reply.json() if reply.content and "json" in reply.headers.get("Content-Type", "") else {}

    def compute_services(self):
        """Services called nova-compute by host."""
        found = self.call("compute", "GET", "/os-services?binary=nova-compute")["services"]
        return {each["host"]: each for each in found}

    def servers(self, query):
        """Servers of all projects, all pages."""
        found, marker = [], ""
        while True:
            page = self.call("compute", "GET", f"/servers/detail?all_tenants=1&limit=200&{query}{marker}")["servers"]
            found += page
            if len(page) < 200:
                return found
            marker = f"&marker={page[-1]['id']}"

    def delete_servers(self, ids, limit):
        """Those that are still there when the time is over. What failed to go is told to go again."""
        remaining = list(ids)
        end = time.monotonic() + limit
        while remaining:
            for each in remaining:
                self.call("compute", "DELETE", f"/servers/{each}", missing_ok=True)
            again = time.monotonic() + 15
            while remaining and time.monotonic() < min(again, end):
                time.sleep(0.5)
                remaining = [
                    each for each in remaining if self.call("compute", "GET", f"/servers/{each}", missing_ok=True)]
            if time.monotonic() >= end:
                break
        return remaining


def message(reply):
    """The words of an error, whichever service says them."""
    try:
        body = reply.json()
        if isinstance(body, dict) and body.get("errors"):
            return body["errors"][0].get("detail") or body["errors"][0].get("title")
        inner = next(iter(body.values()))
        return inner.get("message") if isinstance(inner, dict) else str(inner)
    except (ValueError, StopIteration, AttributeError):
        return " ".join(re.sub(r"<[^>]*>", " ", reply.text).split())[:500]


def trouble(service):
    """What is wrong with a compute service; None where nothing is."""
    if service is None:
        return "nova knows no nova-compute there"
    if service["state"] != "up":
        return f"nova-compute is down since {service['updated_at'] or 'ever'}"
    if service["status"] != "enabled":
        reason = service.get("disabled_reason")
        return "nova-compute is disabled" + (f": {reason}" if reason else "")
    return None


# --- services, up, forget ---------------------------------------------------------------------------------------------


def services(cloud, options):
    until_good(options.patience, lambda: look_at_services(cloud, options.cells))
    say(f"keystone, glance, neutron, placement and nova answer; {options.cells + 1} conductors are up")


def look_at_services(cloud, cells):
    cloud.call("image", "GET", "/images?limit=1")
    cloud.call("network", "GET", "/networks?limit=1")
    cloud.call("placement", "GET", "/resource_providers?name=none")
    cloud.call("compute", "GET", "/servers?limit=1")
    found = cloud.call("compute", "GET", "/os-services")["services"]
    up = [each["binary"] for each in found if each["state"] == "up"]
    for binary, wanted in {"nova-scheduler": 1, "nova-conductor": cells + 1}.items():
        if up.count(binary) < wanted:
            raise Failure(f"{binary}: {up.count(binary)} of {wanted} are up")


def up(cloud, options):
    def look(host):
        found = cloud.compute_services()
        wrong = trouble(found.get(real_host(host, found, options)))
        if wrong:
            raise Failure(f"{host}: {wrong}")

    for host in options.hosts:
        until_good(options.patience, lambda host=host: look(host))
        say(f"{host}: nova-compute is up")


def until_good(limit, look):
    """Looks again until nothing is wrong, and says what was wrong last when the time is over."""
    last = []

    def good():
        last[:] = []
        try:
            look()
        except Failure as failure:
            last.append(failure)
        return not last

    if not wait(limit, good, every=2):
        raise last[0]


def real_host(name, found, options):
    """How nova calls a host: by its name, or with a suffix as some drivers add."""
    return next((name + suffix for suffix in ["", *options.suffix] if name + suffix in found), name)


def forget(cloud, options):
    for host in options.hosts:
        names = [host + suffix for suffix in ["", *options.suffix]]
        known = cloud.compute_services()
        for name in names:
            forget_host(cloud, name, known.get(name), options)


def forget_host(cloud, host, service, options):
    if service:
        path = f"/os-services/{service['id']}"
        # To a dead one the order would wait in its queue, and disable the next nova-compute of that name.
        change = {"status": "disabled", "disabled_reason": "stackmake gives this machine up"}
        cloud.call("compute", "PUT", path, {"forced_down": True} if options.dead else change)
        remove_instances(cloud, host, service, options)
        remove_service(cloud, host, path, options)
        say(f"{host}: its compute service and mapping are removed")
    else:
        say(f"{host}: nova knows no nova-compute there")
    found = cloud.call("placement", "GET", f"/resource_providers?name={host}")["resource_providers"]
    for provider in found:
        cloud.call("placement", "DELETE", f"/resource_providers/{provider['uuid']}", missing_ok=True)
        say(f"{host}: its inventory in placement is removed")


def remove_instances(cloud, host, service, options):
    """Of a living compute as any user would; of a dead one nova removes only what it knows, once it is told."""
    path = f"/os-services/{service['id']}"
    ids = [each["id"] for each in cloud.servers(f"host={host}")]
    if ids:
        say(f"{host}: removing {len(ids)} instances")
    if not options.dead and service["state"] == "up":
        ids = cloud.delete_servers(ids, options.wait)
        if not ids:
            return
        say(f"{host}: {len(ids)} instances are not removed after {options.wait} s; taking nova-compute for dead")
    if ids:
        cloud.call("compute", "PUT", path, {"forced_down": True})
        ids = cloud.delete_servers(ids, options.wait)
        if ids:
            raise Failure(f"{host}: nova doesn't remove these instances: {' '.join(ids)}")


def remove_service(cloud, host, path, options):
    refused = [""]

    def removed():
        try:
            cloud.call("compute", "DELETE", path, missing_ok=True)
            return True
        except Failure as failure:
            refused[0] = str(failure)
            return False

    if not wait(options.wait, removed, every=2):
        raise Failure(f"{host}: its compute service can't be removed: {refused[0]}")


# --- verify -----------------------------------------------------------------------------------------------------------


class Verification:
    """Looks at everything before it says what is wrong."""

    def __init__(self, cloud, options):
        self.cloud, self.options = cloud, options
        self.problems = []
        #: Real host by name, cell by name; both of what the Stackfile says.
        self.expected = {}
        for each in options.hosts:
            host, equals, cell = each.partition("=")
            if not equals or not cell.isdigit():
                raise Failure(f"`{each}` isn't HOST=CELL")
            self.expected[host] = int(cell)
        self.real = {}

    def wrong(self, text):
        self.problems.append(text)

    def run(self):
        sweep(self.cloud, self.options.wait)
        self.look_at_services()
        self.discover()
        cells = self.look_at_cells()
        self.compare(cells)
        self.look_at_hypervisors()
        self.upgrade_check()
        self.probe()
        say()
        if self.problems:
            for problem in self.problems:
                say(f"error: {problem}")
            return 1
        say(f"verified: {len(self.expected)} hypervisors in {self.options.cells} cells")
        return 0

    def look_at_services(self):
        """Those that have just started get their time: a service is down to nova until it has reported once."""
        def state():
            found = self.cloud.compute_services()
            self.real = {name: real_host(name, found, self.options) for name in self.expected}
            return {name: trouble(found.get(real)) for name, real in self.real.items()}, found

        last = [state()]

        def good():
            last[0] = state()
            return not any(last[0][0].values())

        wait(self.options.patience, good, every=3)
        wrong, found = last[0]
        say("compute services")
        for name, real in sorted(self.real.items()):
            service = found.get(real)
            text = f"{service['state']}, {service['status']}, seen {service['updated_at']}" if service else "unknown"
            say(f"  {real}: {text}")
            if wrong[name]:
                self.wrong(f"{name}: {wrong[name]}")
        for host in sorted(set(found) - set(self.real.values())):
            say(f"  {host}: not of this cluster's layout ({found[host]['state']})")

    def discover(self):
        """Once for all hosts. Status 2 is a race with somebody else who does the same, and may be repeated."""
        say("\nnova-manage cell_v2 discover_hosts")
        for _ in range(5):
            status, text = command(self.options.nova_manage, "cell_v2", "discover_hosts", "--verbose")
            show(text)
            if status != 2:
                break
            time.sleep(2)
        if status != 0:
            self.wrong(f"nova-manage cell_v2 discover_hosts ended with status {status}: {last_line(text)}")

    def look_at_cells(self):
        """Number of its cell by host."""
        rows = self.table("list_cells")
        names = [row[0] for row in rows]
        for wanted in ["cell0"] + [f"cell{each + 1}" for each in range(self.options.cells)]:
            if wanted not in names:
                self.wrong(f"nova has no {wanted}: it has {', '.join(names) or 'none'}")
        for row in rows:
            if row[-1] == "True":
                self.wrong(f"{row[0]} is disabled: nova schedules nothing to it")
        found = {}
        for row in self.table("list_hosts"):
            found[row[2]] = row[0]
        for number in range(1, self.options.cells + 1):
            if f"cell{number}" not in found.values():
                say(f"cell{number} has no hosts")
        return found

    def table(self, name):
        """Rows of a table that nova-manage prints."""
        say(f"\nnova-manage cell_v2 {name}")
        status, text = command(self.options.nova_manage, "cell_v2", name)
        show(text)
        if status != 0:
            self.wrong(f"nova-manage cell_v2 {name} ended with status {status}: {last_line(text)}")
        rows = [line.strip().strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
        return [[cell.strip() for cell in row] for row in rows[1:]]

    def compare(self, cells):
        wanted = [f"{name} cell{cell}" for name, cell in sorted(self.expected.items())]
        names = {real: name for name, real in self.real.items()}
        found = [f"{names.get(host, host)} {cell}" for host, cell in sorted(cells.items())]
        say("\nhosts and their cells")
        if sorted(found) == sorted(wanted):
            for line in wanted:
                say(f"  {line}")
            return
        for line in list(difflib.unified_diff(sorted(wanted), sorted(found), "expected", "found", lineterm="", n=1000)):
            if not line.startswith("@@"):
                say(f"  {line}")
        for name, cell in sorted(self.expected.items()):
            is_in = cells.get(self.real[name])
            if is_in is None:
                self.wrong(f"{name} is in no cell, expected cell{cell}")
            elif is_in != f"cell{cell}":
                self.wrong(f"{name} is in {is_in}, expected cell{cell}")
        for host in sorted(set(cells) - set(self.real.values())):
            self.wrong(f"{host} is mapped to {cells[host]}, and no machine of the layout: "
                       f"`python3 cells.py forget --dead {host}` on the controller removes it")

    def look_at_hypervisors(self):
        say("\nhypervisors")
        try:
            found = self.cloud.call("compute", "GET", "/os-hypervisors/detail")["hypervisors"]
        except Failure as failure:
            # A compute that doesn't answer makes nova refuse the whole list.
            return self.wrong(str(failure))
        hosts = set()
        for each in found:
            hosts.add(each["service"]["host"])
            say(f"  {each['hypervisor_hostname']}: {each['hypervisor_type']}, {each['state']}, {each['status']}")
        for name, real in sorted(self.real.items()):
            if real not in hosts:
                self.wrong(f"{name}: nova-compute has no hypervisor")

    def upgrade_check(self):
        say("\nnova-status upgrade check")
        status, text = command(self.options.nova_status, "upgrade", "check")
        show(text)
        if status not in (0, 1):
            self.wrong(f"nova-status upgrade check ended with status {status}: {last_line(text)}")

    # An instance on every hypervisor.

    def probe(self):
        hosts = [name for name in sorted(self.real) if not any(p.startswith(f"{name}:") for p in self.problems)]
        say("\nprobe instances")
        if not hosts:
            return say("  none: no hypervisor is up")
        made = Probes(self.cloud, self.options)
        try:
            made.prepare()
            for name in hosts:
                made.boot(name, self.real[name])
            for name in hosts:
                wrong = made.finished(name, self.real[name])
                say(f"  {self.real[name]}: {wrong or 'ACTIVE'}")
                if wrong:
                    self.wrong(f"{name}: {wrong}")
            for text in made.reach():
                self.wrong(text)
        except Failure as failure:
            self.wrong(str(failure))
        finally:
            with_signals_held()
            left = sweep(self.cloud, self.options.wait)
            if left:
                self.wrong(left)


class Probes:
    """An image, a flavor, and one instance a host, all of them with the same prefix."""

    def __init__(self, cloud, options):
        self.cloud, self.options = cloud, options
        self.tag = f"{PREFIX}{os.getpid()}"
        self.servers = {}
        self.refused = {}
        self.image = self.flavor = self.network = None

    def prepare(self):
        if self.options.image:
            found = self.cloud.call("image", "GET", f"/images?name={self.options.image}")["images"]
            if not found:
                raise Failure(f"there is no image called {self.options.image}")
            self.image = found[0]["id"]
        else:
            made = self.cloud.call("image", "POST", "/images", {
                "name": self.tag, "disk_format": "raw", "container_format": "bare", "visibility": "private", **MARK})
            self.image = made["id"]
            self.cloud.call("image", "PUT", f"/images/{self.image}/file", data=bytes(1 << 20),
                            headers={"Content-Type": "application/octet-stream"})
        made = self.cloud.call("compute", "POST", "/flavors", {"flavor": {
            "name": self.tag, "vcpus": 1, "ram": 64 if self.options.image is None else 512, "disk": 1}})
        self.flavor = made["flavor"]["id"]
        if self.options.network:
            found = self.cloud.call("network", "GET", f"/networks?name={self.options.network}")["networks"]
            if not found:
                raise Failure(f"there is no network called {self.options.network}")
            self.network = found[0]["id"]

    def boot(self, name, host):
        networks = [{"uuid": self.network}] if self.network else "none"
        try:
            made = self.cloud.call("compute", "POST", "/servers", {"server": {
                "name": f"{self.tag}-{name}", "imageRef": self.image, "flavorRef": self.flavor, "networks": networks,
                "metadata": MARK, "host": host}})
            self.servers[name] = made["server"]["id"]
        except Failure as failure:
            self.refused[name] = str(failure)

    def finished(self, name, host):
        """Waits for the instance; what is wrong with it."""
        if name in self.refused:
            return self.refused[name]
        found = {}

        def ended():
            found.update(self.cloud.call("compute", "GET", f"/servers/{self.servers[name]}")["server"])
            return found["status"] in ("ACTIVE", "ERROR")

        wait(self.options.wait, ended)
        if found["status"] == "ERROR":
            return f"the probe instance is in ERROR: {found.get('fault', {}).get('message', 'nova says no more')}"
        if found["status"] != "ACTIVE":
            return f"the probe instance is in {found['status']} after {self.options.wait} s"
        runs_on = found["OS-EXT-SRV-ATTR:host"]
        if runs_on != host:
            return f"the probe instance runs on {runs_on}"
        self.addresses = getattr(self, "addresses", {})
        fixed = [each["addr"] for each in sum(found["addresses"].values(), []) if each["version"] == 4]
        self.addresses[name] = fixed[0] if fixed else None
        return None

    def reach(self):
        """Whether instances answer on the network, where anything can."""
        if self.options.virt == "fake":
            say("  not pinged: with the virt driver `fake` no instance runs")
        elif not self.network:
            say("  not pinged: no network was named (`--network`)")
        elif not self.options.image:
            say("  not pinged: the empty image boots nothing (`--image`)")
        else:
            for name, address in sorted(getattr(self, "addresses", {}).items()):
                answered = wait(self.options.wait, lambda: address and subprocess.run(
                    ["ping", "-c", "1", "-W", "2", address], capture_output=True).returncode == 0, every=2)
                say(f"  {name}: {address} {'answers' if answered else 'does not answer'}")
                if not answered:
                    yield f"{name}: the probe instance at {address} doesn't answer ping"


def sweep(cloud, limit):
    """Removes what a verification made, this one or an earlier one. Says what it couldn't."""
    left = []
    try:
        servers = [
            each["id"] for each in cloud.servers(f"name=^{PREFIX}")
            if each["name"].startswith(PREFIX) and each["metadata"].get("stackmake") == "probe"]
        left += [f"instance {each}" for each in cloud.delete_servers(servers, limit)]
        for flavor in cloud.call("compute", "GET", "/flavors?is_public=none")["flavors"]:
            if flavor["name"].startswith(PREFIX):
                cloud.call("compute", "DELETE", f"/flavors/{flavor['id']}", missing_ok=True)
        for image in cloud.call("image", "GET", "/images?limit=1000&stackmake=probe")["images"]:
            if image["name"].startswith(PREFIX):
                cloud.call("image", "DELETE", f"/images/{image['id']}", missing_ok=True)
    except Failure as failure:
        left.append(str(failure))
    return f"what was made for the proof is not all removed: {'; '.join(left)}" if left else None


def with_signals_held():
    """From here on nothing interrupts: what is left to do has limits of its own."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)


def command(words, *more):
    """Status and output of a command."""
    try:
        done = subprocess.run(
            [*shlex.split(words), *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
    except subprocess.TimeoutExpired:
        return 124, "no answer in 600 s"
    except OSError as error:
        return 127, str(error)
    return done.returncode, done.stdout


def show(text):
    for line in text.splitlines():
        say(f"  {line}")


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"


# --- the command line -------------------------------------------------------------------------------------------------


def verify(cloud, options):
    def interrupted(number, _):
        raise SystemExit(128 + number)

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, interrupted)
    return Verification(cloud, options).run()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["services", "up", "forget", "verify"])
    parser.add_argument("hosts", nargs="*", metavar="HOST[=CELL]")
    parser.add_argument("--cloud", default="admin", help="entry of clouds.yaml; its user is an administrator")
    parser.add_argument("--cells", type=int, default=1, help="how many there are besides cell0")
    parser.add_argument("--suffix", action="append", default=[], help="what nova's names have after the hosts'")
    parser.add_argument("--dead", action="store_true", help="forget: the machine is gone, don't ask it for anything")
    parser.add_argument("--wait", type=int, default=180, metavar="SECONDS", help="for an instance to come or go")
    parser.add_argument("--patience", type=int, default=COMPUTE_DOWN_AFTER, metavar="SECONDS",
                        help="for services and nova-compute to come up")
    parser.add_argument("--nova-manage", default="sudo -u nova nova-manage", metavar="COMMAND")
    parser.add_argument("--nova-status", default="sudo -u nova nova-status", metavar="COMMAND")
    parser.add_argument("--virt", default="fake", help="nova's virt driver")
    parser.add_argument("--image", help="verify: boot this image instead of an empty one")
    parser.add_argument("--network", help="verify: give instances this network instead of none")
    options = parser.parse_intermixed_args()
    actions = {"services": services, "up": up, "forget": forget, "verify": verify}
    try:
        sys.exit(actions[options.what](Cloud(options.cloud), options) or 0)
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
