"""Clinical checks: rules that compare one impression with its findings and background."""
