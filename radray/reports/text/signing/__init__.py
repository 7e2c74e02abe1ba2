"""What footers are written of: names and their credentials, lines, sentences."""
