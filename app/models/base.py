"""What every entity is made of: identifiers, text, references, and the rules of their tables."""

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, StringConstraints
from pydantic import Field as Constraint
from sqlalchemy import Column, ForeignKey, Table
from sqlalchemy import Enum as EnumColumn
from sqlalchemy.orm import relationship
from sqlmodel import Field, Relationship, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]
"""An id: lower-case letters, digits and single hyphens; unique within its kind."""

Text = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$")]
"""One line that neither begins nor ends with white space."""

Year = Annotated[int, Constraint(ge=1900, le=2200, strict=True)]


class Kind(StrEnum):
    """The ten kinds of record."""

    INHIBITOR = "inhibitor"
    TARGET = "target"
    INDICATION = "indication"
    APPROVAL = "approval"
    CANCER = "cancer"
    MECHANISM = "mechanism"
    INTERACTION = "interaction"
    TRIAL = "trial"
    PUBLICATION = "publication"
    EVIDENCE = "evidence"


class Strict(SQLModel):
    """A model that takes no key it does not know; what is not set is sent as null, and never left out."""

    model_config = {"extra": "forbid", "json_schema_serialization_defaults_required": True}


class Ref(Strict):
    """Another record, by its id and its name."""

    id: Slug
    name: str


class Prefix:
    """A registry of identifiers, by its Bioregistry prefix.

    `pattern` is what a local identifier of the kind we cite looks like: never wider than what Bioregistry
    lists. `identifies` is false where one code stands for several of our records, as an ATC class does.
    """

    def __init__(self, prefix: str, pattern: str, *, banana: str = "", identifies: bool = True) -> None:
        self.prefix = prefix
        self.pattern = re.compile(pattern, re.ASCII)
        self.banana = banana
        self.identifies = identifies

    def local(self, identifier: str) -> str | None:
        """The local identifier, without the prefix some registries write before it; None if malformed."""
        local = identifier.removeprefix(self.banana)
        return local if self.pattern.fullmatch(local) else None

    def curie(self, identifier: str) -> str:
        return f"{self.prefix}:{self.local(identifier)}"


PREFIXES = {
    "atc": Prefix("atc", r"[A-Z]\d{2}[A-Z]{2}\d{2}", identifies=False),
    "chembl": Prefix("chembl", r"CHEMBL\d+"),
    "doi": Prefix("doi", r"10\.\d{4,9}/\S+"),
    "doid": Prefix("doid", r"\d+", banana="DOID:"),
    "drugbank": Prefix("drugbank", r"DB\d{5}"),
    "efo": Prefix("efo", r"\d{7}", banana="EFO:"),
    "ensembl": Prefix("ensembl", r"ENSG\d{11}"),
    "go": Prefix("go", r"\d{7}", banana="GO:", identifies=False),
    "hgnc": Prefix("hgnc", r"\d{1,5}", banana="HGNC:"),
    "icd10": Prefix("icd10", r"[A-Z]\d{2}(\.\d|-[A-Z]\d{2})?", identifies=False),
    "icd10cm": Prefix("icd10cm", r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?", identifies=False),
    "iuphar": Prefix("iuphar.ligand", r"\d+"),
    "kegg": Prefix("kegg.pathway", r"hsa\d{5}", identifies=False),
    "mesh": Prefix("mesh", r"[CD]\d{6,9}"),
    "mondo": Prefix("mondo", r"\d{7}", banana="MONDO:"),
    "ncit": Prefix("ncit", r"C\d+"),
    "ncbigene": Prefix("ncbigene", r"[1-9]\d*"),
    "nct": Prefix("clinicaltrials", r"NCT\d{8}"),
    "oncotree": Prefix("oncotree", r"[A-Z0-9_]+"),
    "pmcid": Prefix("pmc", r"PMC\d+"),
    "pmid": Prefix("pubmed", r"[1-9]\d{0,7}"),
    "pubchem_cid": Prefix("pubchem.compound", r"[1-9]\d*"),
    "reactome": Prefix("reactome", r"R-HSA-\d+", identifies=False),
    "rxcui": Prefix("rxnorm", r"\d{1,7}"),
    "unii": Prefix("unii", r"[0-9A-Z]{10}"),
    "uniprot": Prefix("uniprot", r"[OPQ]\d[A-Z0-9]{3}\d|[A-NR-Z]\d([A-Z][A-Z0-9]{2}\d){1,2}"),
    "wikipathways": Prefix("wikipathways", r"WP\d{1,5}", identifies=False),
}
"""Registries by the key that seed files use for them."""


class Registries:
    """The registries that know the records of a collection, by the keys of seed files."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys
        self.prefixes = [PREFIXES[each].prefix for each in keys]


def registries_of(model: type[BaseModel]) -> Registries:
    """Those that the cross-references of an answer may be of."""
    field = model.model_fields.get("xrefs")
    return next(
        (each for each in (field.metadata if field else []) if isinstance(each, Registries)), Registries()
    )


def enum_type(enum: type[StrEnum]) -> Any:
    """A column that holds the value of an enum member, on every database the same."""
    return EnumColumn(enum, values_callable=lambda e: [m.value for m in e], native_enum=False, length=40)


def foreign_key(table: str, **options: Any) -> Any:
    """A reference to a row of another table: as it is a filter, it is indexed."""
    return Field(foreign_key=f"{table}.id", **options)


def link_table(left: str, right: str) -> Table:
    """Many to many between two entities."""
    return Table(
        f"{left}_{right}",
        SQLModel.metadata,
        Column(f"{left}_id", ForeignKey(f"{left}.id"), primary_key=True),
        Column(f"{right}_id", ForeignKey(f"{right}.id"), primary_key=True, index=True),
    )


def related(table: str, link: str | None = None, **options: Any) -> Any:
    """A relationship that filters join along, over a link table or not; nothing is loaded by it."""
    return Relationship(
        sa_relationship=relationship(table, secondary=link, viewonly=True, lazy="raise", **options)
    )


def edges(kind: Kind, end: str) -> Any:
    """The interactions that have a record of a kind at one of their ends, `source` or `object`."""
    own = f"foreign(Interaction.{end}_id) == {kind.value.capitalize()}.id"
    return related("Interaction", primaryjoin=f"and_(Interaction.{end}_kind == '{kind}', {own})")


class Answered(SQLModel):
    """The answers of a row, made when the release is built: serving selects them, it computes nothing.

    `label` is what a person calls the record, `item` its JSON in a list, `record` its JSON whole.
    """

    label: str
    item: str
    record: str
