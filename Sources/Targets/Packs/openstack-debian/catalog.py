"""Makes the services' users and the catalog in keystone. What is there is brought up to date.

usage: catalog.py REGION ADDRESS; of the environment SERVICE_PASSWORD
"""
import os
import sys

import openstack

#: Type in the catalog: user, and what follows the address.
SERVICES = {
    "placement": ("placement", ":8778"),
    "image": ("glance", ":9292"),
    "network": ("neutron", ":9696"),
    "compute": ("nova", ":8774/v2.1"),
}


def main(region, address):
    password = os.environ["SERVICE_PASSWORD"]
    cloud = openstack.connect(cloud="admin")
    identity = cloud.identity
    project = identity.find_project("service", domain_id="default") or identity.create_project(
        name="service", domain_id="default")
    roles = [identity.find_role(name) or identity.create_role(name=name) for name in ("admin", "service")]
    endpoints = list(identity.endpoints())
    for kind, (name, suffix) in SERVICES.items():
        user = identity.find_user(name, domain_id="default")
        if user:
            identity.update_user(user, password=password)
        else:
            user = identity.create_user(name=name, password=password, domain_id="default")
        for role in roles:
            identity.assign_project_role_to_user(project, user, role)
        service = next(identity.services(type=kind), None) or identity.create_service(type=kind, name=name)
        url = f"http://{address}{suffix}"
        for interface in ("public", "internal"):
            found = [each for each in endpoints if (each.service_id, each.interface) == (service.id, interface)]
            if not found:
                identity.create_endpoint(service_id=service.id, interface=interface, url=url, region_id=region)
            elif found[0].url != url:
                identity.update_endpoint(found[0], url=url)
        print(f"{kind}: {url}")


main(*sys.argv[1:])
