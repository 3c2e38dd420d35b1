"""What is in the cloud before anybody uses it: projects, users, images, flavors, networks, quotas, zones."""
import json
import os
import secrets
import subprocess

from control import api
from control.configuration import COMPUTES, SERVICE_PASSWORD
from control.place import CLIENT_OFFSET, TLS_OFFSET

ADMIN_PASSWORD = "admin-secret"
#: User and project of the same name, with these instances at most.
PROJECTS = {"demo": 40, "small": 1}
#: Name: vCPUs, MiB, GiB. Nothing is large enough for the last.
FLAVORS = {
    "m1.tiny": (1, 512, 1), "m1.small": (1, 2048, 10), "m1.medium": (2, 4096, 20), "m1.large": (4, 8192, 40),
    "m1.huge": (8, 262144, 40)}
#: Name, properties, more. What a server of it boots is the local cloud's image of that distribution and version.
IMAGES = [
    ("debian-12-old", {"os_distro": "debian", "os_version": "12"}, {}),
    ("debian-12", {"os_distro": "debian", "os_version": "12"}, {}),
    ("debian-13", {"os_distro": "debian", "os_version": "13"}, {}),
    ("twice", {"os_distro": "debian", "os_version": "12"}, {}),
    ("twice", {"os_distro": "debian", "os_version": "12"}, {}),
    ("debian-12-large", {"os_distro": "debian", "os_version": "12"}, {"min_disk": 20, "min_ram": 4096}),
    ("ubuntu-22.04", {"os_distro": "ubuntu", "os_version": "22.04"}, {}),
]
ENDPOINTS = {"image": "glance", "placement": "placement", "compute": "nova", "network": "neutron"}


def password(user):
    return ADMIN_PASSWORD if user == "admin" else f"{user}-secret"


def admin(place):
    return api.Session.password(place.url("keystone"), "admin", ADMIN_PASSWORD, "admin")


def identity(place):
    """Projects, users and the catalog; with keystone alone."""
    session = admin(place)
    roles = {role["name"]: role["id"] for role in session.call("GET", "identity", "/roles")["roles"]}

    def project(name):
        return session.call("POST", "identity", "/projects", {"project": {"name": name, "domain_id": "default"}})[
            "project"]["id"]

    def user(name, secret, project_id, granted):
        made = session.call("POST", "identity", "/users", {"user": {
            "name": name, "password": secret, "domain_id": "default", "default_project_id": project_id}})["user"]["id"]
        for role in granted:
            session.call("PUT", "identity", f"/projects/{project_id}/users/{made}/roles/{roles[role]}")

    if "service" not in roles:
        roles["service"] = session.call("POST", "identity", "/roles", {"role": {"name": "service"}})["role"]["id"]
    user("service", SERVICE_PASSWORD, project("service"), ["admin", "service"])
    for name in PROJECTS:
        user(name, password(name), project(name), ["member", "reader"])
    for kind, service in ENDPOINTS.items():
        made = session.call("POST", "identity", "/services", {"service": {"type": kind, "name": service}})
        for interface in ["public", "internal", "admin"]:
            session.call("POST", "identity", "/endpoints", {"endpoint": {
                "service_id": made["service"]["id"], "interface": interface, "url": place.url(service),
                "region_id": "RegionOne"}})


def resources(place):
    """All the rest, with every service running."""
    session = admin(place)
    for name, properties, more in IMAGES:
        image = session.call("POST", "image", "/v2/images", {
            "name": name, "visibility": "public", "disk_format": "raw", "container_format": "bare", **properties,
            **more})
        # No two are alike, as no two images of a cloud are.
        session.call("PUT", "image", f"/v2/images/{image['id']}/file", secrets.token_bytes(1024),
                     {"Content-Type": "application/octet-stream"})
    session.call("POST", "image", "/v2/images", {
        "name": "never-uploaded", "visibility": "public", "disk_format": "raw", "container_format": "bare"})
    for name, (vcpus, ram, disk) in FLAVORS.items():
        session.call("POST", "compute", "/flavors", {"flavor": {
            "name": name, "vcpus": vcpus, "ram": ram, "disk": disk, "id": name.replace(".", "-")}})
    for host, zone in COMPUTES.items():
        made = session.call("POST", "compute", "/os-aggregates", {
            "aggregate": {"name": zone, "availability_zone": zone}})["aggregate"]
        session.call("POST", "compute", f"/os-aggregates/{made['id']}/action", {"add_host": {"host": host}})
    networks(place, session)
    projects = session.call("GET", "identity", "/projects")["projects"]
    ids = {project["name"]: project["id"] for project in projects}
    for name, instances in PROJECTS.items():
        session.call("PUT", "compute", f"/os-quota-sets/{ids[name]}", {"quota_set": {
            "instances": instances, "cores": instances * 4, "ram": instances * 16384}})
    return users(place)


def networks(place, session):
    subnets = {}
    for name, network in place.subnets().items():
        more = {"router:external": True} if name == "public" else {"shared": True}
        made = session.call("POST", "network", "/v2.0/networks", {"network": {"name": name, **more}})["network"]
        subnets[name] = session.call("POST", "network", "/v2.0/subnets", {"subnet": {
            "name": name, "network_id": made["id"], "ip_version": 4, "cidr": str(network),
            "allocation_pools": [{"start": str(network[10]), "end": str(network[250])}],
            "gateway_ip": str(network[1])}})["subnet"]
    router = session.call("POST", "network", "/v2.0/routers", {"router": {
        "name": "router", "external_gateway_info": {"network_id": subnets["public"]["network_id"]}}})["router"]
    session.call("PUT", "network", f"/v2.0/routers/{router['id']}/add_router_interface", {
        "subnet_id": subnets["private"]["id"]})


def users(place):
    """What the users have of their own, and what of it is needed later."""
    demo = api.Session.password(place.url("keystone"), "demo", password("demo"), "demo")
    group = demo.call("POST", "network", "/v2.0/security-groups", {"security_group": {
        "name": "open", "description": "everything in"}})["security_group"]
    demo.call("POST", "network", "/v2.0/security-group-rules", {"security_group_rule": {
        "security_group_id": group["id"], "direction": "ingress", "ethertype": "IPv4"}})
    os.makedirs(place.path("seed"), exist_ok=True)
    key = place.path("seed", "key")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", key], check=True)
    with open(f"{key}.pub") as file:
        demo.call("POST", "compute", "/os-keypairs", {"keypair": {"name": "test", "public_key": file.read().strip()}},
                  {"OpenStack-API-Version": "compute 2.1"})
    credential = demo.call("POST", "identity", f"/users/{demo.user}/application_credentials", {
        "application_credential": {"name": "test"}})["application_credential"]
    place.write("seed/network", place.options["network"])
    place.write("seed/credential.json", json.dumps({"id": credential["id"], "secret": credential["secret"]}))


def floating_addresses(place):
    """{floating: fixed} of all that are associated."""
    found = admin(place).call("GET", "network", "/v2.0/floatingips")["floatingips"]
    return {each["floating_ip_address"]: each["fixed_ip_address"] for each in found if each["fixed_ip_address"]}


def clouds_yaml(place):
    """All the ways in, for openstacksdk and whoever reads its files."""
    with open(place.path("seed", "credential.json")) as file:
        credential = json.load(file)
    lines = ["clouds:"]
    for cloud, user in {"test": "demo", "test-small": "small", "test-admin": "admin"}.items():
        lines += [
            f"  {cloud}:", "    auth:", f"      auth_url: {place.url('keystone')}", f"      username: {user}",
            f"      password: {password(user)}", f"      project_name: {user}", "      user_domain_name: Default",
            "      project_domain_name: Default", "    region_name: RegionOne", "    interface: public",
            "    identity_api_version: 3"]
    lines += [
        "  test-appcred:", "    auth_type: v3applicationcredential", "    auth:",
        f"      auth_url: {place.url('keystone')}", f"      application_credential_id: {credential['id']}",
        f"      application_credential_secret: {credential['secret']}", "    region_name: RegionOne",
        "    interface: public", "    identity_api_version: 3"]
    for cloud, offset in {"test-tls": TLS_OFFSET, "test-mtls": CLIENT_OFFSET}.items():
        lines += [
            f"  {cloud}:", "    auth:", f"      auth_url: {place.url('keystone', 'https', offset)}",
            "      username: demo", f"      password: {password('demo')}", "      project_name: demo",
            "      user_domain_name: Default", "      project_domain_name: Default", "    region_name: RegionOne",
            "    interface: public", "    identity_api_version: 3", f"    cacert: {place.path('tls', 'ca.pem')}"]
        # The catalog leads to the services themselves.
        lines += [
            f"    {kind}_endpoint_override: {place.url(service, 'https', TLS_OFFSET)}"
            for kind, service in ENDPOINTS.items()]
    lines += [f"    cert: {place.path('tls', 'client.pem')}", f"    key: {place.path('tls', 'client.key')}"]
    place.write("clouds.yaml", "\n".join(lines) + "\n")


def certificates(place):
    """A CA of this cloud's own, and what it signed: for the services, and for a client."""
    directory = place.path("tls")
    if os.path.exists(os.path.join(directory, "client.pem")):
        return
    os.makedirs(directory, exist_ok=True)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True)

    openssl(
        "req", "-x509", *curve, "-days", "3650", "-subj", "/CN=test cloud CA", "-keyout", "ca.key", "-out", "ca.pem")
    for name, extension in {
            "server": "subjectAltName=IP:127.0.0.1,DNS:localhost", "client": "extendedKeyUsage=clientAuth"}.items():
        openssl("req", *curve, "-subj", f"/CN=test cloud {name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        with open(os.path.join(directory, "extension"), "w") as file:
            file.write(extension + "\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                "3650", "-extfile", "extension", "-out", f"{name}.pem")
