"""Ray Data: thin callable classes around reports, models and metrics, and the pipelines made of them."""
