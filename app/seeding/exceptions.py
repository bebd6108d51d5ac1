"""Rows that were there before a rule and break it: one that is mended leaves its list, and none is added."""


def listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


UNIDENTIFIED = listed(
    """
    bekaii-saab-2018 bladder-il6-origin breast-il6-crp-2019 cai-2022 cibmtr-car-t-infections cires-2024
    clay-2017 cll-il6-egypt du-2024-asco gholiha-2021 gosain-2020 hnc-second-primary-2010
    hodgkin-serum-il-2011 hua-2021 il10-cns-dlbcl-313 ishibashi-2018 karol-2024 kearney-2021
    lehtomaki-2021 levavi-2022 mitsunaga-2013 mozas-2020 nishihara-2000 opb-111077-2019 pcnsl-csf-il6-2024
    plasma-cell-sil6r prostate-biopsy-il6-croatia saberian-2020 saliva-oscc-2013 sclc-plr-il6
    siltuximab-qt-2012 sparano-2022 srivani-2003 stasi-1998 sts-textbook-2023 tanabe-1989 te-linde-2022
    tsunenari-1997 uveal-melanoma-il6-iovs waocp-eoc-cytokines-meta wei-2019c zhang-2022-siltuximab-china
    """
)
"""Articles without a DOI or a PMID."""

MIRRORED = listed(
    """
    120ty-actemra-sc-japan-2017 anzctr-368857 asn-2024 bekaii-saab-2018 bladder-il6-origin
    breast-il6-crp-2019 cai-2022 cibmtr-car-t-infections clay-2017 ctis-2022-501130-33-00 du-2024-asco
    fda-xeljanz-label-2020 gholiha-2021 health-canada-actemra-monograph-2017
    health-canada-sylvant-monograph il10-cns-dlbcl-313 kevzara-instruction-russia mozas-2020 nct00433446
    nct01219010 nct01484275 nct02336048 nct03421353 nct03708224 nct03970226 nct04191421 nct04370834
    nct05233397 nct06470971 nishihara-2000 pcnsl-csf-il6-2024 plasma-cell-sil6r pmda-actemra-2017
    rxreasoner-kevzara-eu-2025 saliva-oscc-2013 sclc-plr-il6 stasi-1998 tourmaline-2025 tsunenari-1997
    tvardi-2025 withpower-tour006
    """
)
"""Publications and trials with the address of a mirror, since no other was seen."""

SECONDARY = listed(
    """
    golidocitinib-peripheral-t-cell-lymphoma-nmpa levilimab-covid-19-minzdrav
    levilimab-rheumatoid-arthritis-minzdrav momelotinib-myelofibrosis-health-canada
    momelotinib-myelofibrosis-pmda olokizumab-covid-19-minzdrav olokizumab-rheumatoid-arthritis-minzdrav
    satralizumab-nmosd-pmda siltuximab-idiopathic-multicentric-castleman-disease-nmpa
    tocilizumab-adult-onset-still-disease-pmda tocilizumab-bavi-cytokine-release-syndrome-nmpa
    tocilizumab-bavi-rheumatoid-arthritis-nmpa
    tocilizumab-bavi-systemic-juvenile-idiopathic-arthritis-nmpa
    tocilizumab-cytokine-release-syndrome-nmpa tocilizumab-rheumatoid-arthritis-nmpa
    tocilizumab-systemic-juvenile-idiopathic-arthritis-nmpa
    """
)
"""Approvals that rest on what others wrote of them."""
