"""Evaluation of model artifacts: metrics with intervals, probes, shifts, calibration, decisions."""
