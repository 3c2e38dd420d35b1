"""The state of a cloud that nobody has used yet: made once, kept as an archive, unpacked from then on."""
import calendar
import glob
import hashlib
import os
import shutil
import subprocess
import time

from control import api, configuration, seed
from control.daemons import Daemon
from control.place import Failure, SOURCES, quarters

DATABASES = ["keystone", "glance", "placement", "nova_api", "nova", "nova_cell0", "neutron"]
#: Where neutron keeps addresses.
ADDRESSES = [
    "subnets.cidr", "subnets.gateway_ip", "ipallocationpools.first_ip", "ipallocationpools.last_ip",
    "ipamallocationpools.first_ip", "ipamallocationpools.last_ip", "ipallocations.ip_address",
    "ipamallocations.ip_address"]
#: What the archive holds of the directory.
KEPT = ["mariadb", "glance", "keystone", "seed"]
PACKAGES = [
    "python3-keystone", "python3-glance", "python3-placement", "python3-nova", "python3-neutron", "mariadb-server"]


def golden_key(place):
    """Changes with whatever decides what is in the databases."""
    versions = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PACKAGES], capture_output=True, text=True)
    if versions.returncode:
        raise Failure("packages are missing; run `Tests/Cloud/install`")
    digest = hashlib.sha256(versions.stdout.encode())
    for name in ["seed.py", "build.py", "configuration.py"]:
        with open(os.path.join(SOURCES, "control", name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()[:16]


def golden_file(place):
    return os.path.join(place.golden, f"{golden_key(place)}.tar")


def wipe(place):
    for name in KEPT + ["var", "complete"]:
        path = place.path(name)
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.unlink(path)
    for log in glob.glob(place.path("logs", "*")):
        os.unlink(log)
    for note in glob.glob(place.path("computes", "*", "*")) + glob.glob(place.path("computes", "*", ".*")):
        os.unlink(note)


def unpack(place):
    run(place, "unpack", ["tar", "-xf", golden_file(place), "-C", place.directory])


def relocate(place):
    """Directory, ports and networks of the cloud that the archive was made of are in its databases."""
    lines = [
        f"UPDATE keystone.endpoint e JOIN keystone.service s ON e.service_id = s.id SET e.url = '{place.url(service)}' "
        f"WHERE s.type = '{kind}';" for kind, service in {"identity": "keystone", **seed.ENDPOINTS}.items()]
    lines.append(
        f"UPDATE glance.image_locations SET value = "
        f"CONCAT('file://{place.path('glance')}/', SUBSTRING_INDEX(value, '/', -1));")
    with open(place.path("seed", "network")) as file:
        old = quarters(file.read())
    # All at once where the new ones overlap the old.
    for column in ADDRESSES:
        whole = column
        for before, after in zip(old.values(), place.subnets().values()):
            whole = f"REPLACE({whole}, '{prefix(before)}', '<{prefix(after)}')"
        lines.append(f"UPDATE neutron.{column.partition('.')[0]} SET {column} = REPLACE({whole}, '<', '');")
    place.write("seed/network", place.options["network"])
    sql(place, "relocate", "\n".join(lines))


def prefix(network):
    return str(network.network_address).removesuffix("0")


def sql(place, name, text):
    run(place, name, [
        "mariadb", "--no-defaults", f"--socket={place.path('run', 'mariadb.sock')}", "-e", text])


def pack(place, daemons):
    """The database has to be at rest for it; the services bear that."""
    daemons["mariadb"].end(60)
    os.makedirs(place.golden, exist_ok=True)
    target = golden_file(place)
    run(place, "pack", ["tar", "-cf", f"{target}.{os.getpid()}", "--exclude=*.pid", "-C", place.directory, *KEPT])
    for old in glob.glob(os.path.join(place.golden, "*.tar*")):
        # Of older versions.
        if os.path.getmtime(old) < time.time() - 14 * 86400:
            os.unlink(old)
    os.rename(f"{target}.{os.getpid()}", target)
    daemons["mariadb"].start()
    daemons["mariadb"].wait()


def run(place, name, *commands):
    """Runs commands at once, as daemons that end by themselves; the first that fails is told."""
    jobs = [
        Daemon(place, f"{name}-{number}", command, configuration.environment(place), None)
        for number, command in enumerate(commands)]
    for job in jobs:
        job.start()
    results = [(job, job.result(600)) for job in jobs]
    for job, status in results:
        if status != 0:
            how = "doesn't end within 600 s" if status is None else f"ended with {status}"
            raise Failure(f"`{' '.join(job.command)}` {how}\n{job.log_end()}")


def databases(place):
    if os.path.exists(place.path("mariadb")):
        shutil.rmtree(place.path("mariadb"))
    run(place, "install-db", [
        "mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db",
        "--user=root", f"--datadir={place.path('mariadb')}"])


def schemas(place):
    def config(name):
        return ["--config-file", place.path("etc", f"{name}.conf")]

    def nova(*words):
        return configuration.serve(place, "nova.cmd.manage:main", *config("nova"), *words)

    keystone = ["keystone-manage", *config("keystone")]
    owner = ["--keystone-user", "root", "--keystone-group", "root"]
    os.makedirs(place.path("keystone"), exist_ok=True)
    sql(place, "create-databases", "".join(f"CREATE DATABASE {name};" for name in DATABASES))
    # Templates, filled from each service's own configuration: the archive fits other directories and ports.
    cell = "{scheme}://{username}@{hostname}/"
    queue = "{scheme}://{username}:{password}@{hostname}:{port}/"
    # The longest first; what depends on it comes after in the same shell.
    shell = [
        [configuration.serve(place, "neutron.db.migration.cli:main", *config("neutron"), "upgrade", "heads")],
        [
            nova("api_db", "sync"),
            nova("cell_v2", "map_cell0", "--database_connection", cell + "nova_cell0?{query}"), nova("db", "sync"),
            nova("cell_v2", "create_cell", "--name", "cell1", "--database_connection", cell + "{path}?{query}",
                 "--transport-url", queue)],
        [
            keystone + ["db_sync"], keystone + ["fernet_setup", *owner], keystone + ["credential_setup", *owner],
            keystone + [
                "bootstrap", "--bootstrap-password", seed.ADMIN_PASSWORD, "--bootstrap-region-id", "RegionOne",
                *(word for kind in ["public", "internal", "admin"]
                  for word in [f"--bootstrap-{kind}-url", place.url("keystone")])],
            configuration.serve(place, "glance.cmd.manage:main", *config("glance"), "db_sync"),
            ["placement-manage", "--config-dir", place.path("etc", "placement"), "db", "sync"]],
    ]
    run(place, "schemas", *(
        ["bash", "-ec", "\n".join(" ".join(quoted(word) for word in command) for command in commands)]
        for commands in shell))


def quoted(word):
    return "'" + word.replace("'", "'\\''") + "'"


def discover(place):
    run(place, "discover-hosts", configuration.serve(
        place, "nova.cmd.manage:main", "--config-file", place.path("etc", "nova.conf"), "cell_v2", "discover_hosts"))


def wait_for_reports(place, names, since, limit=120):
    """Until each of these services of nova has reported after `since`: only then does the scheduler use it."""
    wanted = {"nova-conductor", "nova-scheduler"} & set(names) | set(configuration.COMPUTES) & set(names)
    end = time.monotonic() + limit
    missing = wanted
    session = None
    while time.monotonic() < end:
        missing = set(wanted)
        try:
            session = session or seed.admin(place)
            services = session.call("GET", "compute", "/os-services")["services"]
        except api.APIError as error:
            if error.status != 401:
                raise
            # A token that is as old as a change of its user, to the second, is refused: the next one isn't.
            session, services = None, []
        for service in services:
            at = time.strptime((service["updated_at"] or "1970-01-01T00:00:00")[:19], "%Y-%m-%dT%H:%M:%S")
            if service["state"] == "up" and calendar.timegm(at) >= int(since):
                missing -= {service["host"], service["binary"]}
        if not missing:
            return
        time.sleep(0.5)
    raise Failure(f"{', '.join(sorted(missing))} didn't report within {limit} s; see {place.path('logs')}")
