"""JSON Schemas of the seed files, by which an editor completes keys and words and marks what is wrong."""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from app.catalog import BY_KIND, RESOURCES, Resource
from app.models.base import Kind
from app.seeding.check import NAMED_BY
from app.seeding.comments import MODELINE, head_of
from app.seeding.files import as_text, load_rows

FOLDER = "schemas"


def write_schemas(folder: Path) -> list[Path]:
    """Write the schema of each seed file, and name it in the head of the file; what was written."""
    rows = {resource: load_rows(folder / f"{resource.path}.yaml") for resource in RESOURCES}
    ids = {resource.kind: [str(row.get("id")) for row in held] for resource, held in rows.items()}
    written = []
    (folder / FOLDER).mkdir(exist_ok=True)
    for resource, held in rows.items():
        path = folder / FOLDER / f"{resource.path}.json"
        path.write_text(json.dumps(schema_of(resource, ids), indent=1, ensure_ascii=False) + "\n", "utf-8")
        written.append(path)
        file = folder / f"{resource.path}.yaml"
        line = f"{MODELINE}$schema={FOLDER}/{path.name}"
        others = [each for each in head_of(file.read_text("utf-8")) if not each.startswith(MODELINE)]
        content = as_text(resource, held, [line, *others])
        if content != file.read_text("utf-8"):
            file.write_text(content, "utf-8")
            written.append(file)
    return written


def schema_of(resource: Resource, ids: dict[Kind, list[str]]) -> dict[str, Any]:
    """The schema of a file of rows; where a row names another, the ids that there are."""
    made = TypeAdapter(list[resource.seed]).json_schema()  # type: ignore[name-defined]
    row = made["$defs"][resource.seed.__name__]
    for name, kind in NAMED_BY[resource.kind].items():
        offer(row["properties"][name], {"$ref": f"#/$defs/id_of_{kind}"})
        about = f"the id of a row of {BY_KIND[kind].path}.yaml"
        made["$defs"][f"id_of_{kind}"] = {"enum": ids[kind], "description": about}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": resource.about, **made}


def offer(schema: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Put what is wanted in the place of any text within a schema."""
    for each in (*schema.get("anyOf", []), schema.get("items", {}), schema):
        if each.get("type") == "string":
            del each["type"]
            for name in ("pattern", "maxLength"):
                each.pop(name, None)
            each |= wanted
