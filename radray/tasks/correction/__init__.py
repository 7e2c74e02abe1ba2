"""The task `correction`: findings and an impression, fine or with a planted error, and the impression repaired."""
