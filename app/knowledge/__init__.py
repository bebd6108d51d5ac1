"""What follows from the rows: prognosis, graph and paths."""
