"""The rules that models keep, so that answers are what the documentation says they are."""

import pytest
from pydantic import ValidationError
from sqlmodel import SQLModel

from app.catalog import RESOURCES, Resource
from app.models.claim import Effect

collections = pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)


@collections
def test_an_answer_is_never_an_ancestor_of_a_table(resource: Resource) -> None:
    """FastAPI would let the table through as it is, in an order that changes from process to process."""
    for answer in (resource.item, resource.record):
        for table in RESOURCES:
            assert not issubclass(table.table, answer)
        assert not hasattr(answer, "__table__")


@collections
def test_unknown_keys_are_refused_by_rows_and_tables(resource: Resource) -> None:
    for model in (resource.seed, resource.table):
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            model.model_validate({"nonsense": 1})


@collections
def test_every_scalar_of_a_seed_row_is_a_column(resource: Resource) -> None:
    """Filters and sorting need it; what is left out lives in link tables or in the answers."""
    elsewhere = {"cancer", "inhibitor", "mechanism", "target", "indication", "publication", "parent"}
    elsewhere |= {"cancers", "inhibitors", "targets", "publications", "ids", "effect", "source", "object"}
    elsewhere |= {"hgnc", "uniprot", "ensembl", "ncbigene", "same_study_as"}
    assert set(resource.seed.model_fields) - set(resource.table.model_fields) <= elsewhere


@collections
def test_every_field_of_an_answer_is_documented_or_plain(resource: Resource) -> None:
    schema = resource.record.model_json_schema()
    assert schema["description"]
    assert set(schema["properties"]) == set(resource.record.model_fields)


def test_constraints_are_named_by_convention() -> None:
    for table in SQLModel.metadata.tables.values():
        assert table.primary_key.name == f"pk_{table.name}"
        for index in table.indexes:
            assert str(index.name).startswith(f"ix_{table.name}_")


def test_enumerations_are_stored_by_value() -> None:
    for table in SQLModel.metadata.tables.values():
        for column in table.columns:
            enum = getattr(column.type, "enum_class", None)
            if enum is not None:
                assert column.type.enums == [member.value for member in enum]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("figures", "fault"),
    [
        ({"measure": "HR", "value": 2, "ci_low": 2.1, "ci_high": 3}, "does not hold 2"),
        ({"measure": "HR", "value": 2, "ci_low": 1}, "come together"),
        ({"ci_low": 1, "ci_high": 3}, "needs its value"),
        ({"p_relation": "<"}, "needs a p_value"),
        ({"value": 2}, "needs its measure"),
        ({"measure": "HR", "value": 0}, "a ratio is above 0"),
        ({"measure": "ORR", "value": 150, "unit": "%"}, "within 100"),
        ({"p_value": -0.1}, "greater than or equal to 0"),
        ({"p_value": 1.1}, "less than or equal to 1"),
        ({"n": 0}, "greater than or equal to 1"),
    ],
)
def test_figures_that_cannot_be_are_refused(figures: dict[str, object], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        Effect.model_validate(figures)
