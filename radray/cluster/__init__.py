"""The connection to Ray, the number of its actors and the nodes that a job asks for."""
