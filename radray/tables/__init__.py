"""The one door to storage: catalog, run identity, staging, audit and the commit of a partition."""
