"""The state machine of a smear's life, in both worlds; ``make fuzz`` runs it at full size."""

from hypothesis import HealthCheck, settings

from tests.machine.smears import TRANSITIONS, SmearMachine
from tests.machine.worlds import CloudWorld, DictWorld

FULL = settings().max_examples > 100  # the profile "full"
_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)


class AmongDicts(SmearMachine):
    make_world = DictWorld


class OnTheCloud(SmearMachine):
    make_world = CloudWorld


TestAmongDicts = AmongDicts.TestCase
TestAmongDicts.settings = settings(
    max_examples=2000 if FULL else 40, stateful_step_count=60 if FULL else 30, deadline=None, suppress_health_check=_SLOW
)
TestOnTheCloud = OnTheCloud.TestCase
TestOnTheCloud.settings = settings(
    max_examples=60 if FULL else 6, stateful_step_count=40 if FULL else 15, deadline=None, suppress_health_check=_SLOW
)


def test_the_diagram_is_read_as_it_is_drawn() -> None:
    begins = {("[*]", "reported"), ("[*]", "rejected"), ("[*]", "failed")}

    assert begins | {("failed", "reported"), ("failed", "rejected")} == TRANSITIONS
