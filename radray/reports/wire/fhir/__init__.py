"""FHIR: the resources of a file, their elements, and where the text of a report is."""
