"""Pictures on this machine: screen them, summarize a slide, commission and verify a microscope, upload."""
