"""Parsing of CSV, JSON, FHIR and HL7: what the formats are read with."""
