"""A virt driver whose servers are machines of stackmake's local cloud: Debian under systemd-nspawn.

The machines themselves are the business of CloudMachine, which lies beside this file. The directory of a host holds
a note for each of its servers; metadata `fault` of a server says what is to go wrong with it (see README.md).
"""
import gzip
import io
import json
import os
import time

import eventlet
import os_resource_classes as orc
from oslo_concurrency import processutils
from oslo_log import log as logging

from nova.api.metadata import base as instance_metadata
from nova.compute import power_state
from nova.compute import task_states
import nova.conf
from nova import exception
from nova.image import glance
from nova.objects import fields
from nova.virt import driver
from nova.virt import hardware

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)
CLOUD = os.environ["STACKMAKE_TEST_CLOUD"]
STATES = {"active": power_state.RUNNING, "building": power_state.RUNNING, "stopped": power_state.SHUTDOWN}
#: Memory limits of the local cloud, smallest first.
LOCAL_FLAVORS = [(512, "m1.tiny"), (2048, "m1.small"), (4096, "m1.medium"), (1 << 40, "m1.large")]
VCPUS, MEMORY_MB, DISK_GB = 64, 131072, 2000


def options():
    with open(os.path.join(CLOUD, "options.json")) as file:
        return json.load(file)


def call(command, server=None, **more):
    """What CloudMachine answers."""
    values = options()
    request = {
        "command": command, "root": os.path.join(CLOUD, "machines"), "images": values["images"],
        "subnet": values["network"], "server": server, **more}
    output, _ = processutils.execute(
        os.path.join(CLOUD, "services", "CloudMachine"), process_input=json.dumps(request), check_exit_code=[0, 1],
        env_variables={**os.environ, **values["proxies"]})
    reply = json.loads(output)
    if reply.get("error"):
        raise exception.NovaException(f"{command} {server}: {reply['error']}")
    return reply


def faults(instance):
    """{name: argument or ""} of `fault=NAME[:ARGUMENT],...` in the server's metadata as it is now."""
    text = (instance.metadata or {}).get("fault", "")
    return dict((item.strip().partition(":")[0], item.strip().partition(":")[2]) for item in text.split(",") if item)


class MachineDriver(driver.ComputeDriver):
    capabilities = {
        **driver.ComputeDriver.capabilities, "has_imagecache": False, "supports_attach_interface": False,
        "supports_device_tagging": True, "supports_image_type_raw": True, "supports_image_type_qcow2": True}

    def __init__(self, virtapi, read_only=False):
        super().__init__(virtapi)
        self.notes = os.path.join(CLOUD, "computes", CONF.host)
        self.seen, self.seen_at = {}, 0

    def init_host(self, host):
        pass

    # What there is.

    def list_instance_uuids(self):
        return [name for name in os.listdir(self.notes) if not name.startswith(".")]

    def list_instances(self):
        return [self._note(uuid)["name"] for uuid in self.list_instance_uuids()]

    def instance_exists(self, instance):
        return instance.uuid in self.list_instance_uuids()

    def get_num_instances(self):
        return len(self.list_instance_uuids())

    def get_info(self, instance, use_cache=True):
        status = self._machines().get(instance.uuid, {}).get("status")
        if status is None:
            raise exception.InstanceNotFound(instance_id=instance.uuid)
        state = STATES.get(status, power_state.CRASHED if status.startswith("error") else power_state.NOSTATE)
        return hardware.InstanceInfo(state=state)

    def _machines(self, age=1):
        if time.monotonic() - self.seen_at > age:
            self.seen = {machine["server"]: machine for machine in call("list")["machines"]}
            self.seen_at = time.monotonic()
        return self.seen

    def _note(self, uuid):
        try:
            with open(os.path.join(self.notes, uuid)) as file:
                return json.load(file)
        except FileNotFoundError:
            return {"name": "", "since": 0}

    def _write_note(self, uuid, note):
        path = os.path.join(self.notes, uuid)
        with open(os.path.join(self.notes, "." + uuid), "w") as file:
            json.dump(note, file)
        os.rename(file.name, path)

    # Life of a server.

    def spawn(self, context, instance, image_meta, injected_files, admin_password, allocations, network_info=None,
              block_device_info=None, power_on=True, accel_info=None):
        wrong = faults(instance)
        if wrong.get("spawn") in ("", CONF.host):
            raise exception.NovaException("fault=spawn: the server's metadata asks for it")
        eventlet.sleep(float(wrong.get("slow-build") or 0))
        addresses = [
            ip["address"] for vif in network_info or [] for ip in vif.fixed_ips() if ip.get("version") == 4]
        if not addresses:
            raise exception.NovaException("a machine needs a network with an IPv4 subnet")
        files = self._config_drive(instance, injected_files, admin_password, network_info)
        user_data = next((file["text"] for file in files if file["path"].endswith("/user_data")), "")
        files += self._fault_files(wrong)
        self._write_note(instance.uuid, {"name": instance.name, "since": time.time()})
        machine = {
            "name": instance.name, "hostname": instance.hostname, "image": self._image(instance, image_meta),
            "flavor": next(name for limit, name in LOCAL_FLAVORS if instance.flavor.memory_mb <= limit),
            "address": addresses[0], "moreAddresses": addresses[1:], "userData": user_data, "files": files,
            "snapshot": image_meta.id if "id" in image_meta else None}
        call("create", instance.uuid, machine=machine)
        for _ in range(120):
            status = self._machines(0)[instance.uuid]["status"]
            if status.startswith("error"):
                raise exception.NovaException(status)
            if status != "building":
                break
            eventlet.sleep(0.25)
        if not power_on:
            call("stop", instance.uuid)

    def destroy(self, context, instance, network_info, block_device_info=None, destroy_disks=True,
                destroy_secrets=True):
        call("delete", instance.uuid)
        self.seen_at = 0
        try:
            os.unlink(os.path.join(self.notes, instance.uuid))
        except FileNotFoundError:
            pass

    def cleanup(self, context, instance, network_info, block_device_info=None, destroy_disks=True,
                migrate_data=None, destroy_vifs=True, destroy_secrets=True):
        pass

    def reboot(self, context, instance, network_info, reboot_type, block_device_info=None,
               bad_volumes_callback=None, accel_info=None, share_info=None):
        call("stop", instance.uuid)
        call("start", instance.uuid)
        self.seen_at = 0

    def power_off(self, instance, timeout=0, retry_interval=0):
        call("stop", instance.uuid)
        self.seen_at = 0

    def power_on(self, context, instance, network_info, block_device_info=None, accel_info=None, share_info=None):
        call("start", instance.uuid)
        self.seen_at = 0

    def resume_state_on_host_boot(self, context, instance, network_info, block_device_info=None, share_info=None):
        self.power_on(context, instance, network_info)

    def snapshot(self, context, instance, image_id, update_task_state):
        """Of a server that is stopped. The disk stays here; glance gets bytes that stand for it."""
        update_task_state(task_state=task_states.IMAGE_PENDING_UPLOAD)
        call("snapshot", instance.uuid, snapshot=image_id)
        update_task_state(task_state=task_states.IMAGE_UPLOADING, expected_state=task_states.IMAGE_PENDING_UPLOAD)
        api = glance.API()
        image = api.get(context, image_id)
        data = {
            "name": image["name"], "status": "active", "disk_format": "raw", "container_format": "bare",
            "properties": image["properties"]}
        api.update(context, image_id, data, io.BytesIO(os.urandom(1024)))

    def get_console_output(self, context, instance):
        wrong = faults(instance)
        if "no-console" in wrong:
            raise NotImplementedError()
        late = float(wrong.get("late-console") or 0)
        if "empty-console" in wrong or time.time() < self._note(instance.uuid)["since"] + late:
            return b""
        console = call("console", instance.uuid)["console"]
        if "wrong-host-key" in wrong:
            console = self._with_other_keys(instance, console)
        return console.encode()

    # What a machine is made of.

    @staticmethod
    def _image(instance, image_meta):
        """The local cloud's name of what the image's properties describe."""
        properties = {
            key.removeprefix("image_"): value for key, value in instance.system_metadata.items()
            if key.startswith("image_")}
        return f"{properties.get('os_distro', 'debian')}-{properties.get('os_version', '12')}"

    @staticmethod
    def _config_drive(instance, injected_files, admin_password, network_info):
        """What nova itself would put on a config drive, where cloud-init looks for one without a device."""
        metadata = instance_metadata.InstanceMetadata(
            instance, content=injected_files, extra_md={"admin_pass": admin_password} if admin_password else {},
            network_info=network_info)
        files = [{
            "path": "etc/cloud/cloud.cfg.d/95-test-cloud.cfg", "text": "datasource_list: [ ConfigDrive ]\n",
            "mode": 0o644}]
        for path, data in metadata.metadata_for_config_drive():
            # Addresses are set from outside, on a cable that isn't the port's.
            if not path.startswith(("openstack/latest/", "openstack/content/")) or path.endswith("/network_data.json"):
                continue
            if isinstance(data, bytes):
                # cloud-init would unpack it as well.
                data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
                data = data.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()
            files.append({"path": f"var/lib/cloud/seed/config_drive/{path}", "text": data, "mode": 0o600})
        return files

    @staticmethod
    def _fault_files(wrong):
        files = []
        if "no-sshd" in wrong:
            files.append({"path": "etc/ssh/sshd_not_to_be_run", "text": "", "mode": 0o644})
        if "slow-boot" in wrong:
            files.append({
                "path": "etc/systemd/system/cloud-init-local.service.d/slow-boot.conf", "mode": 0o644,
                "text": f"[Service]\nTimeoutStartSec=infinity\nExecStartPre=/bin/sleep {float(wrong['slow-boot'])}\n"})
        if "cloud-init-error" in wrong:
            files.append({
                "path": "var/lib/cloud/scripts/per-instance/fault", "mode": 0o755,
                "text": "#!/bin/sh\necho 'fault=cloud-init-error: the metadata asks for it' >&2\nexit 1\n"})
        return files

    def _with_other_keys(self, instance, console):
        """The console with keys that aren't the machine's: of the same types, and the same ones each time."""
        note = self._note(instance.uuid)
        others = note.setdefault("keys", {})
        lines = []
        for line in console.split("\n"):
            words = line.split()
            for place, word in enumerate(words[:-1]):
                if word in ("ssh-ed25519", "ssh-rsa") or word.startswith("ecdsa-sha2-"):
                    if word not in others:
                        others[word] = self._new_key(word, instance.uuid)
                        self._write_note(instance.uuid, note)
                    line = line.replace(words[place + 1], others[word])
            lines.append(line)
        return "\n".join(lines)

    def _new_key(self, kind, uuid):
        path = os.path.join(self.notes, f".key-{uuid}")
        for name in (path, path + ".pub"):
            if os.path.exists(name):
                os.unlink(name)
        words = {"ssh-ed25519": ["ed25519"], "ssh-rsa": ["rsa"]}.get(kind) or ["ecdsa", "-b", kind[-3:]]
        processutils.execute("ssh-keygen", "-q", "-N", "", "-f", path, "-t", *words)
        with open(path + ".pub") as file:
            key = file.read().split()[1]
        for name in (path, path + ".pub"):
            os.unlink(name)
        return key

    # The host as nova and placement see it.

    def get_available_nodes(self, refresh=False):
        return [CONF.host]

    def get_host_ip_addr(self):
        return "127.0.0.1"

    def get_volume_connector(self, instance):
        return {"ip": "127.0.0.1", "initiator": "test-cloud", "host": CONF.host}

    def plug_vifs(self, instance, network_info):
        pass

    def unplug_vifs(self, instance, network_info):
        pass

    def get_available_resource(self, nodename):
        return {
            "vcpus": VCPUS, "memory_mb": MEMORY_MB, "local_gb": DISK_GB, "vcpus_used": 0, "memory_mb_used": 0,
            "local_gb_used": 0, "disk_available_least": DISK_GB, "hypervisor_type": "stackmake",
            "hypervisor_version": 1000, "hypervisor_hostname": nodename, "cpu_info": "", "numa_topology": None,
            "supported_instances": [(fields.Architecture.X86_64, fields.HVType.FAKE, fields.VMMode.HVM)]}

    def update_provider_tree(self, provider_tree, nodename, allocations=None):
        def inventory(total, ratio):
            return {
                "total": total, "min_unit": 1, "max_unit": total, "step_size": 1, "reserved": 0,
                "allocation_ratio": ratio}

        provider_tree.update_inventory(nodename, {
            orc.VCPU: inventory(VCPUS, 4.0), orc.MEMORY_MB: inventory(MEMORY_MB, 1.0),
            orc.DISK_GB: inventory(DISK_GB, 1.0)})
