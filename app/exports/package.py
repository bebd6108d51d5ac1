"""A release as one archive: a table per collection, and a Frictionless data package that describes them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.catalog import BY_KIND, RESOURCES, Resource
from app.exports import table
from app.exports.archive import archive
from app.exports.citation import ABOUT, AUTHOR, KEYWORDS, TITLE, write_cff
from app.exports.columns import Column, columns_of
from app.models.base import Kind
from app.models.release import ReleaseRead

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
LICENCE = {
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0",
    "path": "https://creativecommons.org/licenses/by/4.0/",
}


def write(release: ReleaseRead, items: Mapping[str, Sequence[str]]) -> bytes:
    """The archive, of the items of every collection."""
    files = {
        f"{resource.path}.csv": "".join(table.write(items[resource.path], resource.item, "excel"))
        for resource in RESOURCES
    }
    package = json.dumps(data_package(release, files), ensure_ascii=False, indent=2) + "\n"
    files |= {"datapackage.json": package, "CITATION.cff": write_cff(release)}
    return archive(files, release.date)


def data_package(release: ReleaseRead, files: Mapping[str, str]) -> dict[str, Any]:
    """The descriptor of the tables: what each is, and what its columns mean."""
    return {
        "$schema": PROFILE,
        "name": "il6-atlas",
        "title": TITLE,
        "description": f"{' '.join(ABOUT)} Cite it as: {release.citation}",
        "version": release.version,
        "created": f"{release.date}T00:00:00Z",
        "licenses": [LICENCE],
        "contributors": [{"title": AUTHOR}],
        "keywords": list(KEYWORDS),
        "resources": [described(resource, files[f"{resource.path}.csv"].encode()) for resource in RESOURCES],
    }


def described(resource: Resource, content: bytes) -> dict[str, Any]:
    columns = columns_of(resource.item)
    return {
        "name": resource.path,
        "type": "table",
        "title": resource.path.capitalize(),
        "description": resource.about,
        "path": f"{resource.path}.csv",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "schema": {
            "fields": [field_of(each) for each in columns],
            "missingValues": [""],
            "primaryKey": ["id"],
            "foreignKeys": [
                {
                    "fields": [each.name],
                    "reference": {"resource": owner_of(resource, each.refers_to), "fields": ["id"]},
                }
                for each in columns
                if each.refers_to and owner_of(resource, each.refers_to)
            ],
        },
    }


def owner_of(resource: Resource, field: str) -> str | None:
    """The collection whose ids a field holds; None for an end that may be of several."""
    if field in ("parent",):
        return resource.path
    kind = {"same_study_as": Kind.PUBLICATION}.get(field) or next((k for k in Kind if k == field), None)
    return BY_KIND[kind].path if kind else None


def field_of(column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {"name": column.name, "type": column.type, "description": column.about}
    if column.words:
        field["constraints"] = {"enum": list(column.words)}
    return field
