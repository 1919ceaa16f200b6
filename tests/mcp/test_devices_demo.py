"""The demo shows devices in each state, as people make them."""

from django.utils import timezone

from mcp.central.admin.device_history import entries_of
from mcp.demo_devices import GROUP, build_devices
from mcp.models import Device, DeviceCode


def test_the_demo_has_devices_in_each_state(cast):
    now = timezone.now()
    build_devices(now)
    states = dict(Device.objects.values_list("name", "state"))
    assert states == {"Kasse 1": "active", "Webshop": "active", "Tablet an der Theke": "waiting", "Kasse 2": "revoked"}
    assert set(Device.objects.values_list("group__name", "location__name")) == {(GROUP, "Hamburg")}
    assert DeviceCode.objects.usable(now).get().device.name == "Tablet an der Theke"
    gone = Device.objects.get(name="Kasse 2")
    assert gone.revoked_by == "Anna Andresen"
    assert {one.who for one in entries_of(gone)} == {"Anna Andresen", "the device itself"}
