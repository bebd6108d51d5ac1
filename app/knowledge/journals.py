"""The abbreviated names of journals, word by word as ISO 4 and its list of title words have them."""

import re

WORDS = """
    Academy=Acad Advances=Adv America=A American=Am Annals=Ann Archives=Arch Asian=Asian
    Biochemical=Biochem Biochemistry=Biochem Biological=Biol Biology=Biol Biomarkers=Biomark
    Biophysical=Biophys Breast=Breast British=Br Canadian=Can Cancer=Cancer Cancers=Cancers
    Cardiovascular=Cardiovasc Care=Care Cell=Cell Cells=Cells Cellular=Cell Chinese=Chin Clinical=Clin
    Colorectal=Colorectal Communication=Commun Communications=Commun Current=Curr Cycle=Cycle
    Cytokine=Cytokine Design=Des Developmental=Dev Disease=Dis Diseases=Dis Drug=Drug Drugs=Drugs
    Education=Educ Endocrinology=Endocrinol England=Engl European=Eur Experimental=Exp Expert=Expert
    Frontiers=Front Gastroenterology=Gastroenterol Gastrointestinal=Gastrointest Gut=Gut
    Gynecologic=Gynecol Gynecological=Gynecol Haematology=Haematol Head=Head Health=Health
    Hematology=Hematol Hepatology=Hepatol Immunology=Immunol Immunotherapy=Immunother
    ImmunoTherapy=Immunother Infection=Infect Infectious=Infect Inflammation=Inflamm
    Interferon=Interferon International=Int Investigation=Invest Investigational=Invest
    Investigative=Invest Iranian=Iran Japanese=Jpn Journal=J Laboratory=Lab Lancet=Lancet Letters=Lett
    Leukemia=Leuk Lung=Lung Lymphoma=Lymphoma Management=Manag Medical=Med Medicine=Med Melanoma=Melanoma
    Metabolism=Metab Metastasis=Metastasis Microbiology=Microbiol Mineral=Miner Molecular=Mol
    Monitor=Monit Muscle=Muscle National=Natl Nature=Nat Neck=Neck Neurology=Neurol Neuroscience=Neurosci
    New=N Oncology=Oncol Open=Open Ophthalmology=Ophthalmol Opinion=Opin Ovarian=Ovarian Pathology=Pathol
    Perspectives=Perspect Pharmaceutical=Pharm Pharmacology=Pharmacol Physiology=Physiol Practice=Pract
    Prevention=Prev Proceedings=Proc Prostate=Prostate Reports=Rep Research=Res Respiratory=Respir
    Reviews=Rev Rheumatic=Rheum Rheumatology=Rheumatol Risk=Risk Sarcopenia=Sarcopenia Science=Sci
    Sciences=Sci Scientific=Sci Society=Soc Stem=Stem Surgery=Surg Surgical=Surg Swiss=Swiss
    States=S Targeted=Target Targets=Targets Technologies=Technol Therapeutic=Ther Therapeutics=Ther
    Therapy=Ther Thoracic=Thorac Thyroid=Thyroid Today=Today Translational=Transl
    Transplantation=Transplant Treatment=Treat Trials=Trials Tumor=Tumor United=U Urology=Urol
    Visual=Vis Weekly=Wkly World=World BMC=BMC BMJ=BMJ JAMA=JAMA NPJ=NPJ npj=NPJ PLOS=PLoS ONE=One
    RMD=RMD Blood=Blood Cachexia=Cachexia Acta=Acta Anticancer=Anticancer Arthritis=Arthritis BMB=BMB
    Case=Case CNS=CNS Cold=Cold
    EJNMMI=EJNMMI EMBO=EMBO FASEB=FASEB FEBS=FEBS Harbor=Harb Immune=Immune Indian=Indian Liver=Liver
    Marrow=Marrow Network=Netw Pacific=Pac Pediatrics=Pediatr Pharmacotherapy=Pharmacother
    Practical=Pract Radiotherapy=Radiother Signaling=Signal Spring=Spring York=Y Bone=Bone
"""
SHORT = dict(each.split("=") for each in WORDS.split())
"""Words of the names of journals, and what stands for them."""

LEFT_OUT = {"of", "the", "and", "for", "in", "on", "&"}


def abbreviated(journal: str | None) -> str | None:
    """`Journal of Clinical Oncology` as `J Clin Oncol`; none where a word is not known. One word stays."""
    words = re.sub(r" \([^)]*\)", "", journal or "").replace(",", " ").replace(".", " ").split()
    words = [word for word in words if word.lower() not in LEFT_OUT]
    if len(words) == 1:
        return words[0]
    if not words or not all(word in SHORT for word in words):
        return None
    return " ".join(SHORT[word] for word in words)
