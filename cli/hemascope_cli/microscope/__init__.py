"""The agent beside a microscope: folder -> outbox -> bucket -> what became of each picture."""
