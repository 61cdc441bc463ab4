"""Implementations of the ports on AWS. The only package of the functions that imports boto3."""
