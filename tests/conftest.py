"""Hypothesis: the same inputs in every run, and no failing for the slowness of a busy machine."""

from hypothesis import HealthCheck, settings

settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
