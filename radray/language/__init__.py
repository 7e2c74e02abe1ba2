"""What a report asserts: its sentences, the findings and devices that they mention, and normality."""
