"""Some servers with openstacksdk, one thread each; then a login on each.

usage: sdk.py up|down WORK     WORK holds key, key.pub and user-data.yaml; OS_CLOUD names the cloud, BENCH_SERVERS
says how many
"""

import base64
import concurrent.futures
import os
import socket
import subprocess
import sys
import time

import openstack

NAME, COUNT, LIMIT = "bench", int(os.environ["BENCH_SERVERS"]), 600


def names():
    return [f"{NAME}-node-{number}" for number in range(1, COUNT + 1)]


def wait_for_login(address, key):
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        try:
            socket.create_connection((address, 22), timeout=5).close()
        except OSError:
            time.sleep(0.5)
            continue
        login = subprocess.run(
            ["ssh", "-i", key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
             "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10",
             f"stack@{address}", "true"], stdin=subprocess.DEVNULL, capture_output=True)
        if login.returncode == 0:
            return
        time.sleep(0.5)
    raise SystemExit(f"{address} lets nobody in")


def up(cloud, work):
    key = os.path.join(work, "key")
    with open(f"{key}.pub") as text:
        pair = cloud.compute.create_keypair(name=NAME, public_key=text.read().strip())
    group = cloud.network.create_security_group(name=NAME)
    cloud.network.create_security_group_rule(
        security_group_id=group.id, direction="ingress", ethertype="IPv4", protocol="tcp", port_range_min=22,
        port_range_max=22)
    image = cloud.image.find_image("debian-12", ignore_missing=False)
    flavor = cloud.compute.find_flavor("m1.tiny", ignore_missing=False)
    network = cloud.network.find_network("private", ignore_missing=False)
    with open(os.path.join(work, "user-data.yaml"), "rb") as data:
        user_data = base64.b64encode(data.read()).decode()

    def make(name):
        server = cloud.compute.create_server(
            name=name, image_id=image.id, flavor_id=flavor.id, networks=[{"uuid": network.id}], key_name=pair.name,
            security_groups=[{"name": group.name}], user_data=user_data, config_drive=True)
        server = cloud.compute.wait_for_server(server, wait=LIMIT)
        address = next(iter(server.addresses.values()))[0]["addr"]
        wait_for_login(address, key)
        return address

    with concurrent.futures.ThreadPoolExecutor(COUNT) as pool:
        print("\n".join(pool.map(make, names())))


def down(cloud):
    servers = [server for server in cloud.compute.servers() if server.name in names()]
    for server in servers:
        cloud.compute.delete_server(server)
    for server in servers:
        cloud.compute.wait_for_delete(server, wait=LIMIT)
    for group in cloud.network.security_groups(name=NAME):
        cloud.network.delete_security_group(group)
    cloud.compute.delete_keypair(NAME, ignore_missing=True)


if __name__ == "__main__":
    connection = openstack.connect()
    if sys.argv[1] == "up":
        up(connection, sys.argv[2])
    else:
        down(connection)
