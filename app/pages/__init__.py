"""Pages for people: the explorer, rendered on the server."""
