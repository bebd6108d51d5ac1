"""IL-6 Atlas: curated, citable knowledge on interleukin-6 inhibitors in cancer."""

__version__ = "0.2.0"

SCHEMA_REVISION = "2026_12_whole_rows"
"""The newest migration: the schema that this version reads."""
