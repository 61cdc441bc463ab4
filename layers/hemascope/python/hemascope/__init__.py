"""Hemascope: screening of peripheral blood smears for acute lymphoblastic leukemia."""
