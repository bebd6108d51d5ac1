"""Manners of HTTP that know no entity: problems, cache, headers, metrics, logs, the session of a request."""
