"""What changed since the patient's report before."""
