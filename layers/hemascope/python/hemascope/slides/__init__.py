"""A slide, not a picture: what all fields of one slide say together. Pure."""
