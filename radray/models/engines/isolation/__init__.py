"""An engine in a process of its own, which can be stopped, halved and restarted."""
