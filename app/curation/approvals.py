"""Approvals as openFDA lists them: the decisions of the FDA on a brand, without what they were about."""

from pydantic import BaseModel, Field

from app.curation.services import OPENFDA, ask

ADDRESS = f"{OPENFDA.address}/drug/drugsfda.json"


class Submission(BaseModel):
    kind: str = Field(alias="submission_type")
    status: str | None = Field(default=None, alias="submission_status")
    day: str = Field(default="", alias="submission_status_date", pattern=r"^([0-9]{8})?$")
    subject: str | None = Field(default=None, alias="submission_class_code")


class Product(BaseModel):
    brand: str = Field(default="", alias="brand_name")
    marketing: str = Field(default="", alias="marketing_status")


class Application(BaseModel):
    """An application for a drug, https://open.fda.gov/apis/drug/drugsfda."""

    number: str = Field(alias="application_number")
    products: list[Product] = []
    submissions: list[Submission] = []

    @property
    def address(self) -> str:
        digits = "".join(each for each in self.number if each.isdigit())
        return (
            "https://www.accessdata.fda.gov/scripts/cder/daf/index.cfm?event=overview.process&ApplNo="
            + digits
        )

    def approved(self) -> list[Submission]:
        return [each for each in self.submissions if each.status == "AP" and each.day]

    @property
    def first_year(self) -> int | None:
        """The year in which the drug was approved first."""
        days = [each.day for each in self.approved() if each.kind == "ORIG"]
        return int(min(days)[:4]) if days else None

    @property
    def years(self) -> set[int]:
        """The years of decisions on what the drug is for: the first, and supplements on efficacy."""
        told = (each for each in self.approved() if each.kind == "ORIG" or each.subject == "EFFICACY")
        return {int(each.day[:4]) for each in told}

    @property
    def discontinued(self) -> bool:
        return bool(self.products) and all(each.marketing == "Discontinued" for each in self.products)


class Applications(BaseModel):
    """An answer of openFDA."""

    results: list[Application]


def find(brand: str) -> Application | None:
    """The application for a brand, the first if there are several; None where the FDA has none."""
    query = {"search": f'products.brand_name:"{brand}"', "limit": "100"}
    found = ask(OPENFDA, "/drug/drugsfda.json", Applications, query)
    held = [
        each
        for each in (found.results if found else [])
        if any(product.brand.lower().split()[:1] == [brand.lower()] for product in each.products)
    ]
    return min(held, key=lambda each: each.first_year or 9999, default=None)
