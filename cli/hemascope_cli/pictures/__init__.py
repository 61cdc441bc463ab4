"""Pictures on this machine: screen them, summarize a slide, commission a microscope, upload."""
