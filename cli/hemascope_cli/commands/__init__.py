"""The command line's grammar: one module for each command or group of commands.

A module here declares typed parameters and help texts. It imports what does the work when the command runs, so that
``hemascope --help`` loads neither NumPy nor boto3.
"""
