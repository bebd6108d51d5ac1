"""Datasette over an immutable file, under uvicorn without a log, which `datasette serve` always writes."""

import os

from datasette.app import Datasette

app = Datasette(immutables=[os.environ["BENCH_DATABASE"]]).app()
