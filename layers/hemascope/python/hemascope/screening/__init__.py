"""From the bytes of a picture to a report, and the order of the writes around it."""
