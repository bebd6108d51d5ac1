"""From other sources into seed files: what to add, and what has changed since."""
