"""The command line of Hemascope: commands, local cloud, operations and microscope agent."""
