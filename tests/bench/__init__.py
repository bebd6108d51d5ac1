"""Speed: the atlas beside its peers, on the same rows, in one interleaved run. `make bench` runs it."""
