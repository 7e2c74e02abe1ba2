"""Clinical checks: what one impression gets wrong against its findings and background."""
