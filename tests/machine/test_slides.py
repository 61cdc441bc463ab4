"""The state machine of the microscope's slides; ``make fuzz`` runs it at full size."""

from hypothesis import HealthCheck, settings

from tests.machine.slides import SlideMachine

FULL = settings().max_examples > 100  # the profile "full"

TestSlides = SlideMachine.TestCase
TestSlides.settings = settings(
    max_examples=1500 if FULL else 40,
    stateful_step_count=50 if FULL else 25,
    deadline=None,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much),
)
