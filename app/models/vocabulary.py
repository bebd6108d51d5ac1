"""Closed vocabularies whose words a reader must understand: each word comes with a sentence.

The page of methods and the OpenAPI document show them; what means itself is a plain enumeration.
"""

from enum import StrEnum
from typing import Any, Self

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema


class Word(StrEnum):
    """A word of a closed vocabulary, and the sentence that says what it means."""

    _value_: str
    about: str

    def __new__(cls, value: str, about: str) -> Self:
        self = str.__new__(cls, value)
        self._value_ = value
        self.about = about
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Any:
        """The enumeration with its sentences, for the OpenAPI document."""
        made = handler(schema)
        words = "\n".join(f"- `{each}`: {each.about}" for each in cls)
        handler.resolve_ref_schema(made)["description"] = f"{cls.__doc__}\n\n{words}"
        return made


def vocabularies() -> list[type[Word]]:
    """All vocabularies, by name."""
    return sorted(Word.__subclasses__(), key=lambda each: each.__name__)


class EvidenceType(Word):
    """What a claim is about; the words are CIViC's, with two of our own."""

    PROGNOSTIC = "prognostic", "How patients with much of the biomarker fare, whatever they are treated with."
    MECHANISTIC = "mechanistic", "What IL-6 or its pathway does, or what blocking it does to cells."
    THERAPEUTIC = "therapeutic", "What an inhibitor does to a cancer, or to a condition of its treatment."
    SAFETY = "safety", "Which harm an inhibitor does, or does not do."
    REGULATORY = "regulatory", "What a regulator decided."


class Direction(Word):
    """Whether the publication speaks for the claim or against it (CIViC)."""

    SUPPORTS = "supports", "The publication found what the claim is about."
    DOES_NOT_SUPPORT = "does-not-support", "It looked for that and found nothing, or the contrary."


class Level(Word):
    """How strong a claim is, by the kind of study behind it."""

    A = "A", "A meta-analysis, or a regulator."
    B = "B", "A trial or a cohort of patients."
    C = "C", "A case report, or a series of cases."
    D = "D", "A study of animals or cells."
    E = "E", "A review, or an opinion."


class Significance(Word):
    """What a claim found."""

    POOR_OUTCOME = "poor-outcome", "Much of the biomarker goes with a worse outcome."
    BETTER_OUTCOME = "better-outcome", "Much of the biomarker goes with a better outcome."
    NO_ASSOCIATION = "no-association", "A link was looked for, and none was found."
    NOT_INDEPENDENT = "not-independent", "Linked when looked at alone, not in a model with other factors."
    ADVERSE_FEATURES = (
        "adverse-features",
        "Linked to stage, grade, response or a complication, without a figure on the outcome.",
    )
    BENEFIT = "benefit", "Better with the drug, by the end point that is named; a control is not needed."
    NO_BENEFIT = "no-benefit", "No better with the drug."
    HARM = "harm", "Worse with the drug, by the end point that is named."
    MIXED = "mixed", "Better in one respect and worse, or no better, in another."
    SENSITIVITY = "sensitivity", "A treatment works better with the drug, or without the pathway."
    RESISTANCE = "resistance", "The pathway makes a treatment work less well."
    ADVERSE_EVENT = "adverse-event", "An unwelcome event was seen, or was seen more often."
    FEWER_ADVERSE_EVENTS = "fewer-adverse-events", "An unwelcome event was seen less often."
    PROMOTES = "promotes", "The inhibitor, or else the target, raises or drives what the claim is about."
    SUPPRESSES = "suppresses", "The inhibitor, or else the target, lowers it or holds it back."
    APPROVED = "approved", "A regulator allowed it."
    NOT_APPROVED = "not-approved", "A regulator did not allow it, or allowed it no longer."


FITTING: dict[EvidenceType, dict[Direction, tuple[Significance, ...]]] = {
    EvidenceType.THERAPEUTIC: {
        Direction.SUPPORTS: (Significance.BENEFIT, Significance.SENSITIVITY),
        Direction.DOES_NOT_SUPPORT: (
            Significance.NO_BENEFIT,
            Significance.HARM,
            Significance.MIXED,
            Significance.NO_ASSOCIATION,
        ),
    },
    EvidenceType.SAFETY: {
        Direction.SUPPORTS: (Significance.ADVERSE_EVENT,),
        Direction.DOES_NOT_SUPPORT: (Significance.NO_ASSOCIATION, Significance.FEWER_ADVERSE_EVENTS),
    },
    EvidenceType.PROGNOSTIC: {
        Direction.SUPPORTS: (Significance.POOR_OUTCOME, Significance.ADVERSE_FEATURES),
        Direction.DOES_NOT_SUPPORT: (
            Significance.BETTER_OUTCOME,
            Significance.NO_ASSOCIATION,
            Significance.NOT_INDEPENDENT,
        ),
    },
    EvidenceType.MECHANISTIC: {
        Direction.SUPPORTS: (
            Significance.PROMOTES,
            Significance.SUPPRESSES,
            Significance.RESISTANCE,
            Significance.SENSITIVITY,
            Significance.ADVERSE_EVENT,
            Significance.BENEFIT,
        ),
        Direction.DOES_NOT_SUPPORT: (
            Significance.NO_ASSOCIATION,
            Significance.NO_BENEFIT,
            Significance.MIXED,
        ),
    },
    EvidenceType.REGULATORY: {
        Direction.SUPPORTS: (Significance.APPROVED,),
        Direction.DOES_NOT_SUPPORT: (Significance.NOT_APPROVED,),
    },
}
"""What a claim of a type can have found, for the claim it speaks for or against."""


class Specimen(Word):
    """In what the biomarker of a prognostic claim was measured; circulating means serum, plasma or blood."""

    SERUM = "serum", "Serum."
    PLASMA = "plasma", "Blood plasma."
    BLOOD = "blood", "Circulating, but the row does not say in which part of the blood."
    CEREBROSPINAL_FLUID = "cerebrospinal-fluid", "Fluid of brain and spine."
    ASCITES = "ascites", "Fluid of the abdomen."
    PLEURAL_EFFUSION = "pleural-effusion", "Fluid of the pleura."
    SALIVA = "saliva", "Saliva."
    URINE = "urine", "Urine."
    BONE_MARROW = "bone-marrow", "Marrow, or its plasma."
    TUMOUR = "tumour", "Tissue of the tumour: protein, mRNA, immunohistochemistry."
    GERMLINE = "germline", "The genotype of the patient."
    MIXED = "mixed", "Several specimens, pooled or in one figure."


class Measured(Word):
    """In what IL-6 was measured, as a verdict on the prognosis takes it: one specimen, or several."""

    CIRCULATING = "circulating", "Serum, plasma or blood."
    SERUM = "serum", "Serum alone."
    PLASMA = "plasma", "Plasma alone."
    BLOOD = "blood", "Circulating, but the row does not say in which part of the blood."
    CEREBROSPINAL_FLUID = "cerebrospinal-fluid", "Fluid of brain and spine."
    ASCITES = "ascites", "Fluid of the abdomen."
    PLEURAL_EFFUSION = "pleural-effusion", "Fluid of the pleura."
    SALIVA = "saliva", "Saliva."
    URINE = "urine", "Urine."
    BONE_MARROW = "bone-marrow", "Marrow, or its plasma."
    TUMOUR = "tumour", "Tissue of the tumour."
    MIXED = "mixed", "Several specimens, pooled or in one figure."
    ANY = "any", "Any of these, or a specimen that is not said; a genotype is none of them."


CIRCULATING = (Specimen.SERUM, Specimen.PLASMA, Specimen.BLOOD)


class Timing(Word):
    """When the sample of a prognostic claim was taken."""

    PRE_DIAGNOSIS = "pre-diagnosis", "Before the cancer was found."
    PRE_TREATMENT = "pre-treatment", "Before the treatment in question: at diagnosis, before surgery."
    ON_TREATMENT = "on-treatment", "During treatment, or a change from before to during it."
    POST_TREATMENT = "post-treatment", "After treatment, such as after surgery."
    MIXED = "mixed", "At several times in one figure, or a course over time."


class Analysis(Word):
    """Whether a prognostic claim was tested beside other factors."""

    MULTIVARIABLE = "multivariable", "Tested in a model with other factors, also where it then failed."
    UNIVARIABLE = "univariable", "Tested by itself."


class StudyType(Word):
    """In whom or in what a therapeutic claim was tested."""

    HUMAN_TRIAL = "human-trial", "Patients in a prospective trial, with arms or without, or trials pooled."
    HUMAN_COHORT = "human-cohort", "Patients outside a trial: a retrospective series, a register."
    CASE = "case", "Single patients, or a series of cases."
    ANIMAL = "animal", "Mice, xenografts."
    CELL = "cell", "Cells or tissue outside the body."


class Endpoint(Word):
    """What a figure is about."""

    OVERALL_SURVIVAL = "overall-survival", "Time to death of any cause, or the share alive at a time."
    PROGRESSION_FREE_SURVIVAL = "progression-free-survival", "Time to progression or death."
    DISEASE_FREE_SURVIVAL = (
        "disease-free-survival",
        "Time to relapse, new cancer or death after treatment that cleared the disease.",
    )
    EVENT_FREE_SURVIVAL = "event-free-survival", "Time to failure, relapse or death, as the source has it."
    RECURRENCE_FREE_SURVIVAL = "recurrence-free-survival", "Time to recurrence or death after surgery."
    DISEASE_SPECIFIC_SURVIVAL = "disease-specific-survival", "Time to death of the cancer."
    FAILURE_FREE_SURVIVAL = "failure-free-survival", "Time to failure of treatment."
    TIME_TO_PROGRESSION = "time-to-progression", "Time to progression, deaths not counted."
    PROGRESSION = "progression", "Progressive disease, without a time to it."
    RECURRENCE = "recurrence", "Relapse of any place, without deaths."
    LOCAL_RECURRENCE = "local-recurrence", "Relapse at or near the first place."
    DISTANT_RECURRENCE = "distant-recurrence", "Metastases after treatment of the first tumour."
    BIOCHEMICAL_RECURRENCE = "biochemical-recurrence", "Rise of PSA after local treatment."
    TREATMENT_FAILURE = "treatment-failure", "Disease that stays or returns, without a time to it."
    SECOND_CANCER = "second-cancer", "Another primary cancer."
    MORTALITY = "mortality", "The share who died, of one cause where the event names it."
    RESPONSE = "response", "Answer to treatment by a measure that the event or the statement names."
    OBJECTIVE_RESPONSE = "objective-response", "Complete plus partial response."
    COMPLETE_RESPONSE = "complete-response", "Complete response or remission."
    PATHOLOGICAL_COMPLETE_RESPONSE = "pathological-complete-response", "No tumour left in resected tissue."
    PSA_RESPONSE = "psa-response", "Fall of PSA by at least half."
    CLINICAL_BENEFIT = "clinical-benefit", "Response or stable disease; disease control is the same."
    STABLE_DISEASE = "stable-disease", "Neither response nor progression."
    HAEMATOLOGICAL_IMPROVEMENT = "haematological-improvement", "Higher haemoglobin, or fewer transfusions."
    BODY_COMPOSITION = "body-composition", "Muscle or lean mass."
    SYMPTOM_RELIEF = "symptom-relief", "Symptoms that ease."
    TUMOUR_GROWTH = "tumour-growth", "Size or progression of tumours in animals."
    STAGE_OR_GRADE = "stage-or-grade", "Stage, grade or extent, without a figure on the outcome."
    ADVERSE_EVENT = "adverse-event", "An unwelcome medical event other than progression, relapse and death."
    ADVERSE_EVENT_RESOLUTION = "adverse-event-resolution", "Such an event that ends or eases."


class Comparison(Word):
    """Which group a ratio compares with which; it is always said, never understood from its absence."""

    HIGH_VERSUS_LOW = "high-versus-low", "Patients with much of the biomarker with those who have little."
    LOW_VERSUS_HIGH = "low-versus-high", "Patients with little of the biomarker with those who have much."
    PER_UNIT = "per-unit", "Per step of the biomarker, such as a doubling or a standard deviation."
    CHANGE = "change", "Patients in whom it rose with those in whom it did not."
    COMPOSITE = "composite", "The biomarker together with another one."
    GENOTYPE = "genotype", "Carriers of one genotype with those of another."
    TREATED_VERSUS_CONTROL = "treated-versus-control", "Patients on the drug with those without it."


class NotHarmonised(Word):
    """Why a figure is not among the ratios that compare alike."""

    NO_RATIO = "no-ratio", "The publication gives no ratio of two groups, or the row has none."
    OTHER_BIOMARKER = (
        "other-biomarker",
        "It is of something else than IL-6 itself, such as its soluble receptor.",
    )
    PER_UNIT = "per-unit", "It is per step of the biomarker, not of much against little."
    CHANGE = "change", "It is of a rise, not of much against little."
    COMPOSITE = "composite", "It is of IL-6 together with another marker."
    GENOTYPE = "genotype", "It compares genotypes, not levels."
    OTHER_COMPARISON = "other-comparison", "It compares other groups than claims of its type do."
    NO_ENDPOINT = "no-endpoint", "The end point is not named, so neither side is known to be the worse."
