"""A report as the hospital's people and systems take it: one printed page, one FHIR bundle. Pure: report in, bytes out."""
