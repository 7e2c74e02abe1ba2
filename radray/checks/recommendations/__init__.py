"""Recommendations: what an impression asks to be done, and whether its input asks for it or gives a reason."""
