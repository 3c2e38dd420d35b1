"""The configuration files of all services, and the commands that run them."""
import os
import socket

from control import api
from control.daemons import Daemon
from control.place import CLIENT_OFFSET, TLS_OFFSET

COMPUTES = {"compute1": "az1", "compute2": "az2"}
SERVICE_PASSWORD = "service-secret"
RABBIT = "guest:guest"
#: What the others need at their start.
FIRST = ["epmd", "mariadb", "rabbitmq"]
#: Those that are had by TLS as well.
TLS = ["keystone", "glance", "placement", "nova", "neutron"]


def ini(sections):
    lines = []
    for name, values in sections.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {value}" for key, value in values.items()]
        lines.append("")
    return "\n".join(lines)


def common(place, database, port=None):
    """What every service but keystone is told alike."""
    keystone = {
        "auth_type": "password", "auth_url": place.url("keystone"), "username": "service",
        "password": SERVICE_PASSWORD, "project_name": "service", "user_domain_name": "Default",
        "project_domain_name": "Default", "region_name": "RegionOne",
    }
    sections = {
        "DEFAULT": {
            "use_stderr": "true", "log_color": "false", "state_path": place.path("var"), "bind_host": "127.0.0.1",
            "transport_url": f"rabbit://{RABBIT}@127.0.0.1:{place.port('rabbitmq')}/",
        },
        "database": {"connection": place.database(database), "max_pool_size": 10, "max_overflow": 20},
        "keystone_authtoken": {
            **keystone, "www_authenticate_uri": place.url("keystone"), "token_cache_time": 30,
            "service_token_roles_required": "true",
        },
        "oslo_concurrency": {"lock_path": place.path("run", "locks")},
        "oslo_middleware": {"enable_proxy_headers_parsing": "true"},
    }
    if port:
        sections["DEFAULT"]["bind_port"] = port
    return sections, keystone


def write(place, token_lifetime=None):
    for name in ["locks", "rabbit"]:
        os.makedirs(place.path("run", name), exist_ok=True)
    for name in ["var", "glance"]:
        os.makedirs(place.path(name), exist_ok=True)
    place.write("etc/keystone.conf", ini({
        "DEFAULT": {"use_stderr": "true", "log_color": "false"},
        # Links are made of the Host that was asked: there may be something before the services.
        "oslo_middleware": {"enable_proxy_headers_parsing": "true"},
        "database": {"connection": place.database("keystone")},
        "token": {"provider": "fernet", "expiration": token_lifetime or place.options["token_lifetime"]},
        "fernet_tokens": {"key_repository": place.path("keystone", "fernet")},
        "credential": {"key_repository": place.path("keystone", "credential")},
        "cache": {"enabled": "true", "backend": "dogpile.cache.memory"},
        # What a password costs is nothing that is tested here.
        "identity": {"password_hash_rounds": 4},
    }))

    placement, _ = common(place, "placement")
    placement["placement_database"] = placement.pop("database")
    os.makedirs(place.path("etc", "placement"), exist_ok=True)
    place.write("etc/placement/placement.conf", ini(placement))

    glance, _ = common(place, "glance", place.port("glance"))
    glance["DEFAULT"].update({"workers": 0, "enabled_backends": "file:file", "limit_param_default": 25})
    glance["glance_store"] = {"default_backend": "file"}
    glance["file"] = {"filesystem_store_datadir": place.path("glance")}
    glance["paste_deploy"] = {"flavor": "keystone", "config_file": place.path("etc", "glance-paste.ini")}
    place.write("etc/glance.conf", ini(glance))
    place.write("etc/glance-paste.ini", GLANCE_PASTE)

    neutron, keystone = common(place, "neutron", place.port("neutron"))
    neutron["DEFAULT"].update({
        "core_plugin": "ml2", "service_plugins": "router", "api_workers": 0, "rpc_workers": 0,
        "rpc_state_report_workers": 0, "transport_url": "fake://",
        "api_paste_config": place.path("etc", "neutron-paste.ini"),
        "notify_nova_on_port_status_changes": "false", "notify_nova_on_port_data_changes": "true",
        "allow_overlapping_ips": "true", "max_l3_agents_per_router": 0,
    })
    neutron["nova"] = keystone
    neutron["ml2"] = {
        "type_drivers": "local", "tenant_network_types": "local", "mechanism_drivers": "stackmake",
        "extension_drivers": "port_security"}
    place.write("etc/neutron.conf", ini(neutron))
    place.write("etc/neutron-paste.ini", NEUTRON_PASTE)

    nova, keystone = common(place, "nova")
    nova["DEFAULT"].update({
        "enabled_apis": "osapi_compute", "osapi_compute_listen": "127.0.0.1", "my_ip": "127.0.0.1",
        "osapi_compute_listen_port": place.port("nova"), "osapi_compute_workers": 1,
        "compute_driver": "stackmake_machines.MachineDriver", "instances_path": place.path("var", "instances"),
        "vif_plugging_is_fatal": "false", "vif_plugging_timeout": 0, "resume_guests_state_on_host_boot": "true",
        "reserved_host_memory_mb": 0, "force_config_drive": "true", "use_cow_images": "false",
        "sync_power_state_interval": 60, "allow_resize_to_same_host": "true",
    })
    nova["api_database"] = {"connection": place.database("nova_api")}
    nova["api"] = {"auth_strategy": "keystone", "max_limit": place.options["max_limit"]}
    nova["wsgi"] = {"api_paste_config": place.path("etc", "nova-paste.ini")}
    nova["conductor"] = {"workers": 1}
    nova["scheduler"] = {"workers": 1}
    nova["glance"] = {"api_servers": place.url("glance")}
    nova["placement"] = keystone
    nova["neutron"] = {**keystone, "service_metadata_proxy": "false"}
    # With it a build goes on when the user's token ends meanwhile.
    nova["service_user"] = {**keystone, "send_service_user_token": "true"}
    nova["key_manager"] = {"backend": "nova.keymgr.conf_key_mgr.ConfKeyManager", "fixed_key": "0" * 64}
    nova["cinder"] = keystone
    place.write("etc/nova.conf", ini(nova))
    place.write("etc/nova-paste.ini", NOVA_PASTE)
    for host in COMPUTES:
        os.makedirs(place.path("computes", host), exist_ok=True)
        place.write(f"etc/{host}.conf", ini({"DEFAULT": {"host": host}, "compute": {}}))


def environment(place):
    values = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": place.directory,
        "LC_ALL": "C.UTF-8", "PYTHONPATH": place.path("services"), "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore", "XDG_CACHE_HOME": place.path("var", "cache"),
        "STACKMAKE_TEST_CLOUD": place.directory, "STACKMAKE_TEST_CLOUD_MARK": place.mark,
        "OS_KEYSTONE_CONFIG_FILES": place.path("etc", "keystone.conf"),
        "OS_PLACEMENT_CONFIG_DIR": place.path("etc", "placement"),
    }
    return values


def serve(place, entry, *words):
    """A Python entry point, in an interpreter that finds our drivers."""
    return ["/usr/bin/python3", place.path("services", "serve"), entry, *words]


def uwsgi(place, service, script):
    return [
        "/usr/bin/uwsgi", "--plugin", "python3", "--http-socket", f"127.0.0.1:{place.port(service)}",
        # Not threads: code that was made for eventlet can end waiting for itself in them, for ever. And one process, since
        # each has a cache of its own of who may do what.
        "--wsgi-file", script, "--processes", "1", "--need-app", "--die-on-term",
        "--buffer-size", "65535", "--listen", "100", "--add-header", "Connection: close", "--disable-logging",
        "--procname-prefix", "test-cloud-"]


def connects(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return True
    except OSError:
        return False


def speaks_amqp(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"
    except OSError:
        return False


def speaks_mysql(path):
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(path)
            return len(connection.recv(5)) == 5
    except OSError:
        return False


def answers(url):
    try:
        return api.send("GET", url, timeout=5)[0] < 500
    except OSError:
        return False


def daemons(place):
    """All of them by name, in the order in which they are started."""
    plain = environment(place)
    rabbit = {
        **plain, "RABBITMQ_NODENAME": f"test-cloud-{place.options['port']}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODE_PORT": str(place.port("rabbitmq")),
        "RABBITMQ_DIST_PORT": str(place.port("erlang")), "RABBITMQ_MNESIA_BASE": place.path("run", "rabbit"),
        "RABBITMQ_LOG_BASE": place.path("run", "rabbit"), "RABBITMQ_LOGS": "-",
        "RABBITMQ_ENABLED_PLUGINS_FILE": place.path("run", "rabbit", "plugins"),
        "RABBITMQ_PID_FILE": place.path("run", "rabbit", "pid"), "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_CONFIG_FILE": place.path("etc", "rabbitmq"), "RABBITMQ_IO_THREAD_POOL_SIZE": "8",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none "
        "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false",
        "ERL_EPMD_PORT": str(place.port("epmd")), "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
    socket_path = place.path("run", "mariadb.sock")
    made = [
        Daemon(place, "epmd", ["/usr/bin/epmd", "-port", str(place.port("epmd")), "-address", "127.0.0.1"], plain,
               lambda: connects(place.port("epmd"))),
        Daemon(place, "mariadb", [
            "/usr/sbin/mariadbd", "--no-defaults", "--user=root", f"--datadir={place.path('mariadb')}",
            f"--socket={socket_path}", f"--pid-file={place.path('run', 'mariadb.own-pid')}", "--skip-networking",
            # The socket is in a directory of root's alone.
            "--skip-grant-tables", "--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=32M",
            "--innodb-doublewrite=0", "--innodb-flush-method=nosync", "--innodb-buffer-pool-size=128M",
            "--innodb-fast-shutdown=1", "--max-connections=800", "--skip-log-bin", "--performance-schema=OFF",
            "--character-set-server=utf8mb3", "--collation-server=utf8mb3_general_ci"],
            plain, lambda: speaks_mysql(socket_path)),
        Daemon(place, "rabbitmq", ["/usr/lib/rabbitmq/bin/rabbitmq-server"], rabbit,
               lambda: speaks_amqp(place.port("rabbitmq"))),
        Daemon(place, "keystone", uwsgi(place, "keystone", "/usr/bin/keystone-wsgi-public"), plain,
               lambda: answers(place.url("keystone"))),
        Daemon(place, "placement", uwsgi(place, "placement", "/usr/bin/placement-api"), plain,
               lambda: answers(place.url("placement"))),
        Daemon(place, "glance", serve(place, "glance.cmd.api:main", "--config-file", place.path("etc", "glance.conf")),
               plain, lambda: answers(place.url("glance") + "/")),
        Daemon(place, "neutron", serve(
            place, "neutron.cmd.eventlet.server:main", "--config-file", place.path("etc", "neutron.conf")),
            plain, lambda: answers(place.url("neutron") + "/")),
    ]
    for name in ["nova-conductor", "nova-scheduler", "nova-api"]:
        ready = (lambda: answers(place.url("nova").removesuffix("/v2.1") + "/")) if name == "nova-api" else lambda: True
        module = name.removeprefix("nova-")
        made.append(Daemon(
            place, name, serve(place, f"nova.cmd.{module}:main", "--config-file", place.path("etc", "nova.conf")),
            plain, ready))
    fronts = [f"{place.port(name) + TLS_OFFSET}:{place.port(name)}" for name in TLS]
    fronts.append(f"{place.port('keystone') + CLIENT_OFFSET}:{place.port('keystone')}:client")
    made.append(Daemon(
        place, "tls", ["/usr/bin/python3", place.path("services", "tls_front.py"), place.path("tls"), *fronts], plain,
        lambda: connects(place.port("keystone") + TLS_OFFSET)))
    for host in COMPUTES:
        made.append(Daemon(
            place, host, serve(
                place, "nova.cmd.compute:main", "--config-file", place.path("etc", "nova.conf"), "--config-file",
                place.path("etc", f"{host}.conf")), plain, lambda: True))
    return {daemon.name: daemon for daemon in made}


NOVA_PASTE = """\
[composite:osapi_compute]
use = call:nova.api.openstack.urlmap:urlmap_factory
/: versions
/v2.1: version_v21
/v2.1/+: compute_v21

[composite:compute_v21]
use = call:nova.api.auth:pipeline_factory_v21
keystone = proxied request_id faults log sizelimit authtoken context compute

[pipeline:versions]
pipeline = faults log proxied all_versions

[pipeline:version_v21]
pipeline = request_id faults log proxied one_version

[app:compute]
paste.app_factory = nova.api.openstack.compute:APIRouterV21.factory
[app:all_versions]
paste.app_factory = nova.api.openstack.compute.versions:Versions.factory
[app:one_version]
paste.app_factory = nova.api.openstack.compute.versions:VersionsV2.factory
[filter:request_id]
paste.filter_factory = nova.api.compute_req_id:ComputeReqIdMiddleware.factory
[filter:faults]
paste.filter_factory = nova.api.openstack:FaultWrapper.factory
[filter:log]
paste.filter_factory = nova.api.openstack.requestlog:RequestLog.factory
[filter:sizelimit]
paste.filter_factory = oslo_middleware:RequestBodySizeLimiter.factory
[filter:proxied]
paste.filter_factory = oslo_middleware.http_proxy_to_wsgi:HTTPProxyToWSGI.factory
[filter:context]
paste.filter_factory = nova.api.auth:NovaKeystoneContext.factory
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
"""

GLANCE_PASTE = """\
[pipeline:glance-api-keystone]
pipeline = proxied negotiation authtoken context root

[composite:root]
paste.composite_factory = glance.api:root_app_factory
/: versions
/v2: v2

[app:versions]
paste.app_factory = glance.api.versions:create_resource
[app:v2]
paste.app_factory = glance.api.v2.router:API.factory
[filter:negotiation]
paste.filter_factory = glance.api.middleware.version_negotiation:VersionNegotiationFilter.factory
[filter:context]
paste.filter_factory = glance.api.middleware.context:ContextMiddleware.factory
[filter:proxied]
paste.filter_factory = oslo_middleware:HTTPProxyToWSGI.factory
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
delay_auth_decision = true
"""

NEUTRON_PASTE = """\
[composite:neutron]
use = egg:Paste#urlmap
/: versions
/v2.0: v2

[composite:v2]
use = call:neutron.auth:pipeline_factory
keystone = proxied request_id errors authtoken context extensions api

[composite:versions]
use = call:neutron.auth:pipeline_factory
keystone = proxied all_versions

[app:all_versions]
paste.app_factory = neutron.pecan_wsgi.app:versions_factory
[app:api]
paste.app_factory = neutron.api.v2.router:APIRouter.factory
[filter:request_id]
paste.filter_factory = oslo_middleware:RequestId.factory
[filter:errors]
paste.filter_factory = oslo_middleware:CatchErrors.factory
[filter:proxied]
paste.filter_factory = oslo_middleware.http_proxy_to_wsgi:HTTPProxyToWSGI.factory
[filter:context]
paste.filter_factory = neutron.auth:NeutronKeystoneContext.factory
[filter:extensions]
paste.filter_factory = neutron.api.extensions:plugin_aware_extension_middleware_factory
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
"""
