"""Ids, keys, reports, events, errors: pydantic and nothing else."""
