"""Constructs that the stacks share: buckets, tables, queues and functions that are safe by default."""
