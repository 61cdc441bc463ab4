"""What the layer of the zip functions leaves out of the shared package.

Zip functions have no NumPy, OpenCV, LiteRT, ReportLab or fhir.resources, so modules that need one of these are in the container
images only.
``tests/unit/test_tiers.py`` runs the handlers of the zip functions without it.
"""

CONTAINERS_ONLY = (
    "documents",
    "imaging",
    "jobs",
    "microscopes",
    "screening",
    "model/aggregate.py",
    "model/artifact.py",
    "model/classifier.py",
    "model/colour_reference.py",
    "model/decision.py",
    "model/feature_reference.py",
    "bootstrap/microscope_jobs.py",
    "bootstrap/screening.py",
)
