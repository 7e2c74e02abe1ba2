"""Parsing of CSV, JSON, HTML, FHIR and HL7: what the formats are read with."""
