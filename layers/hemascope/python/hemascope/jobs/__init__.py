"""Jobs about microscopes, each a run of minutes: commission, verify, screen open slides again."""
