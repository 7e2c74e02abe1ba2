"""Pieces of CSV, JSON, HTML, FHIR and HL7 from which formats are read."""
