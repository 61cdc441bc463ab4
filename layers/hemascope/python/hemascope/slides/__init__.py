"""Reports on the fields of a slide -> one report on the slide. Pure."""
