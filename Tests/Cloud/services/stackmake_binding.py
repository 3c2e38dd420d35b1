"""The mechanism driver of the test cloud: every port can be bound on every host, and is then up.

Since it is what runs of ours in neutron, it sees to floating addresses, too.
"""
import os

import floating
from neutron_lib.api.definitions import portbindings
from neutron_lib.callbacks import events, registry, resources
from neutron_lib import constants, context
from neutron_lib.plugins import constants as plugins
from neutron_lib.plugins import directory
from neutron_lib.plugins.ml2 import api
from oslo_log import log
from sqlalchemy import orm

LOG = log.getLogger(__name__)


class BindingDriver(api.MechanismDriver):
    def initialize(self):
        for event in [events.AFTER_CREATE, events.AFTER_UPDATE, events.AFTER_DELETE]:
            registry.subscribe(self._floating_changed, resources.FLOATING_IP, event)
        registry.subscribe(self._loaded, resources.PROCESS, events.BEFORE_SPAWN)

    def _loaded(self, resource, event, trigger, payload=None):
        # Neutron's list of ports fails (no attribute 'port_forwardings') where it is what a neutron is asked first.
        orm.configure_mappers()

    def bind_port(self, context):
        for segment in context.segments_to_bind:
            context.set_binding(
                segment[api.ID], portbindings.VIF_TYPE_OTHER, {portbindings.CAP_PORT_FILTER: True},
                status=constants.PORT_STATUS_ACTIVE)
            return

    def _floating_changed(self, resource, event, trigger, payload=None):
        try:
            router, admin = directory.get_plugin(plugins.L3), context.get_admin_context()
            found = router.get_floatingips(admin)
            floating.write(os.environ["STACKMAKE_TEST_CLOUD_MARK"], {
                each["floating_ip_address"]: each["fixed_ip_address"] for each in found if each["fixed_ip_address"]})
            for each in found:
                status = constants.FLOATINGIP_STATUS_ACTIVE if each["fixed_ip_address"] else (
                    constants.FLOATINGIP_STATUS_DOWN)
                if each["status"] != status:
                    router.update_floatingip_status(admin, each["id"], status)
        except Exception:
            LOG.exception("the host's rules for floating addresses can't be written")
