"""The ports on AWS and on one machine."""
