"""FastAPI with SQLModel as its tutorial teaches it: a session, three relations, a response model."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.orm import selectinload
from sqlmodel import JSON, Field, Relationship, Session, SQLModel, create_engine, select

DATABASE = Path(os.environ["BENCH_DATABASE"]).as_uri()
engine = create_engine(f"sqlite:///{DATABASE}?mode=ro&uri=true", connect_args={"check_same_thread": False})
app = FastAPI()


class InhibitorTarget(SQLModel, table=True):
    __tablename__ = "inhibitor_target"
    inhibitor_id: str = Field(foreign_key="inhibitor.id", primary_key=True)
    target_id: str = Field(foreign_key="target.id", primary_key=True)


class InhibitorPublication(SQLModel, table=True):
    __tablename__ = "inhibitor_publication"
    inhibitor_id: str = Field(foreign_key="inhibitor.id", primary_key=True)
    publication_id: str = Field(foreign_key="publication.id", primary_key=True)


class TargetBase(SQLModel):
    symbol: str
    name: str
    synonyms: list[str] = Field(sa_type=JSON)
    role: str
    summary: str


class Target(TargetBase, table=True):
    id: str = Field(primary_key=True)


class TargetPublic(TargetBase):
    id: str


class PublicationBase(SQLModel):
    kind: str
    title: str
    authors: list[str] = Field(sa_type=JSON)
    journal: str | None
    year: int | None
    published: str | None
    volume: str | None
    issue: str | None
    pages: str | None
    doi: str | None
    pmid: str | None
    pmcid: str | None
    url: str | None
    keywords: list[str] = Field(sa_type=JSON)
    seed: bool


class Publication(PublicationBase, table=True):
    id: str = Field(primary_key=True)


class PublicationPublic(PublicationBase):
    id: str


class ApprovalBase(SQLModel):
    agency: str
    year: int | None
    status: str
    population: str | None
    route: str | None
    brand: str | None
    indication_id: str
    for_cancer: bool


class Approval(ApprovalBase, table=True):
    id: str = Field(primary_key=True)
    inhibitor_id: str = Field(foreign_key="inhibitor.id")


class ApprovalPublic(ApprovalBase):
    id: str


class InhibitorBase(SQLModel):
    name: str
    synonyms: list[str] = Field(sa_type=JSON)
    brands: list[str] = Field(sa_type=JSON)
    scope: str
    action: str
    modality: str
    format: str | None
    developer: str | None
    status: str
    max_phase: int
    first_approval_year: int | None
    routes: list[str] = Field(sa_type=JSON)
    summary: str
    parent_id: str | None
    approved_for_cancer: bool


class Inhibitor(InhibitorBase, table=True):
    id: str = Field(primary_key=True)
    targets: list[Target] = Relationship(link_model=InhibitorTarget)
    publications: list[Publication] = Relationship(link_model=InhibitorPublication)
    approvals: list[Approval] = Relationship()


class InhibitorPublic(InhibitorBase):
    id: str
    targets: list[TargetPublic]
    publications: list[PublicationPublic]
    approvals: list[ApprovalPublic]


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


@app.get("/inhibitors/{inhibitor_id}", response_model=InhibitorPublic)
def read_inhibitor(inhibitor_id: str, session: Annotated[Session, Depends(get_session)]) -> Inhibitor:
    relations = (Inhibitor.targets, Inhibitor.publications, Inhibitor.approvals)
    chosen = select(Inhibitor).where(Inhibitor.id == inhibitor_id)
    inhibitor = session.exec(chosen.options(*(selectinload(each) for each in relations))).one_or_none()
    if inhibitor is None:
        raise HTTPException(404)
    return inhibitor
