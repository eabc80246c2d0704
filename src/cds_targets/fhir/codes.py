"""Every code and code system of FHIR, LOINC, SNOMED CT ... that the readers know. No other module writes one.

Codes of drugs, tumours, laboratory tests and conditions are clinical content: they stand in `cards/terms/`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cds_targets.fhir.reading import Coding

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"

# Terms' system names (see `terms.files.Codes`) by the URIs and OIDs under which they really arrive.
SYSTEMS: dict[str, str] = {
    LOINC: "loinc",
    "urn:oid:2.16.840.1.113883.6.1": "loinc",
    SNOMED: "snomed",
    "urn:oid:2.16.840.1.113883.6.96": "snomed",
    RXNORM: "rxnorm",
    "RxNorm": "rxnorm",
    "urn:oid:2.16.840.1.113883.6.88": "rxnorm",
    "http://www.whocc.no/atc": "atc",
    "http://fhir.de/CodeSystem/bfarm/atc": "atc",
    "http://fhir.de/CodeSystem/dimdi/atc": "atc",
    "http://hl7.org/fhir/sid/ndc": "ndc",
    "urn:oid:2.16.840.1.113883.6.69": "ndc",
    "http://hl7.org/fhir/sid/icd-10-cm": "icd10cm",
    "urn:oid:2.16.840.1.113883.6.90": "icd10cm",
    "http://hl7.org/fhir/sid/icd-10": "icd10cm",
    "http://fhir.de/CodeSystem/bfarm/icd-10-gm": "icd10cm",
    "http://fhir.de/CodeSystem/dimdi/icd-10-gm": "icd10cm",
    "urn:oid:2.16.840.1.113883.6.3": "icd10cm",
    "http://hl7.org/fhir/sid/icd-9-cm": "icd9cm",
    "urn:oid:2.16.840.1.113883.6.103": "icd9cm",
    "urn:oid:2.16.840.1.113883.6.43.1": "icdo3",
    "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl": "ncit",
    "http://ncithesaurus-stage.nci.nih.gov": "ncit",
    "http://oncotree.mskcc.org": "oncotree",
    "https://data.mskcc.org/ontologies/oncotree": "oncotree",
    "http://data.mskcc.org/ontologies/oncotree": "oncotree",
    "http://www.ama-assn.org/go/cpt": "cpt",
}


# Spellings of a code system's URI not listed above: national editions, versions, other hosts.
_SPELLINGS = (
    (re.compile(r"icd-?10-?pcs|procedure"), ""),
    (re.compile(r"icd-?o-?3"), "icdo3"),
    (re.compile(r"icd-?10|://id\.who\.int/icd/release/10"), "icd10cm"),
    (re.compile(r"icd-?9"), "icd9cm"),
    (re.compile(r"://snomed\.info/"), "snomed"),
    (re.compile(r"rxnorm"), "rxnorm"),
    (re.compile(r"/atc\b"), "atc"),
    (re.compile(r"/ndc\b"), "ndc"),
    (re.compile(r"://(?:www\.)?loinc\.org"), "loinc"),
    (re.compile(r"oncotree"), "oncotree"),
    (re.compile(r"ncithesaurus|/evs/thesaurus|nci-thesaurus"), "ncit"),
)
_ICD_10 = re.compile(r"[A-TV-Z]\d\d\.\d{1,4}")


@lru_cache(maxsize=1024)
def system_name(uri: str) -> str:
    """The terms' name of a code system, empty for one they do not use."""
    known = SYSTEMS.get(uri) or SYSTEMS.get(uri.rstrip("/"))
    if known is None:
        known = next((name for spelling, name in _SPELLINGS if spelling.search(uri.casefold())), "")
    return known


def coded(coding: Coding) -> list[tuple[str, str]]:
    """A coding as (system, code) pairs as the terms have them; ICD-O-3 is two systems, and one string may hold both."""
    system = system_name(coding.system)
    if not coding.system and _ICD_10.fullmatch(coding.code):
        return [("icd10cm", coding.code)]
    if system != "icdo3":
        return [(system, coding.code.upper() if system == "oncotree" else coding.code)]
    return [("icdo3_morphology" if "/" in code else "icdo3_topography", code) for code in coding.code.split()]


# --- Genomics: what an Observation is about (Observation.code) -----------------------------------------------------
VARIANT = "69548-6"
GENETICS_MASTER = "55233-1"
REGION_STUDIED = "53041-0"
VARIANT_CODES = frozenset({VARIANT, GENETICS_MASTER})
GENOTYPE_CODES = frozenset({"84413-4", "84414-2", "363779003"})
OVERALL_INTERPRETATION = "51968-6"
GENE_OF_CODE = {"21702-6": "KRAS", "21636-6": "BRCA1", "49874-1": "ABCB4"}
# Genes tested and reported under one name. A RAS result is one of KRAS and NRAS (panitumumab label, section 1).
GENES_OF_GROUP = {"RAS": ("KRAS", "NRAS")}
IMMUNOHISTOCHEMISTRY = "1234806008"
THERAPEUTIC_IMPLICATIONS = frozenset({"therapeutic-implication", "51963-7", "somatic-predictive"})
DIAGNOSTIC_IMPLICATIONS = frozenset({"diagnostic-implication", "53037-8"})
MOLECULAR_CONSEQUENCE = "molecular-consequence"

# Biomarkers by LOINC code: the marker's name in the field's words.
MARKER_OF_CODE = {
    "94076-7": "TMB",
    "94077-5": "TMB",
    "81695-9": "MSI",
    "62862-8": "MSI",
    "107286-7": "HRD",
    "85147-7": "PD-L1",
    "83054-7": "PD-L1",
    "48676-1": "HER2",
    "18474-7": "HER2",
    "85319-2": "HER2",
    "85318-4": "HER2",
    "72382-5": "HER2",
    "85337-4": "ER",
    "16112-5": "ER",
    "40556-3": "ER",
    "85339-0": "PR",
    "16113-3": "PR",
    "40557-1": "PR",
    "39004-7": "EGFR",
}
HYBRIDISED = frozenset({"85318-4"})  # HER2 by FISH
OTHER_MARKERS = {"brcaness": "BRCAness"}
GENE_OF_MARKER = {"HER2": "ERBB2", "ER": "ESR1", "PR": "PGR", "PD-L1": "CD274", "TTF-1": "NKX2-1", "EGFR": "EGFR"}
MARKER_OF_GENE = {gene: marker for marker, gene in GENE_OF_MARKER.items()}

# --- Genomics: components ------------------------------------------------------------------------------------------
GENE = "48018-6"
PROTEIN = "48005-3"
CDNA = "48004-6"
GENOMIC_HGVS = "81290-9"
DISCRETE = "81252-9"
TRANSCRIPT = "51958-7"
SOURCE_CLASS = "48002-0"
VAF = "81258-6"
COPY_NUMBER = "82155-3"
CHANGE_TYPE = "48019-4"
AMINO_ACID_CHANGE_TYPE = "48006-1"
SIGNIFICANCE = "53037-8"
REFERENCE_SEQUENCE = "48013-7"
ASSEMBLY = "62374-4"
COORDINATES = "92822-6"
START = "81254-5"
OUTER_START_END = "81301-4"
INNER_START_END = "81302-2"
CHROMOSOME = "48000-4"
CYTOGENETIC_LOCATION = "48001-2"
ALLELIC_STATE = "53034-5"
READ_DEPTH = "82121-5"
REF_ALLELE = "69547-8"
ALT_ALLELE = "69551-0"
EXON = "47999-8"
FUSION = "95123-6"
KARYOTYPE = "81291-7"
FIVE_PRIME = "five-prime-gene"
THREE_PRIME = "three-prime-gene"
COPY_NUMBER_TYPE = "type"
FEATURE_CONSEQUENCE = "feature-consequence"
FUNCTIONAL_EFFECT = "functional-effect"
REGION_TEXT = "81293-3"
EXAMINED = "51959-5"
STUDY_REGIONS = "/genomic-study-analysis-regions"
CONCLUSION = "conclusion-string"
EXACT_START_END = "exact-start-end"

# Components without a code, by what they are called.
COMPONENT_NAMES = {
    "gene": GENE,
    "gene studied": GENE,
    "gene studied [id]": GENE,
    "gene symbol": GENE,
    "gene name": GENE,
    "protein change": PROTEIN,
    "amino acid change": PROTEIN,
    "amino acid change (phgvs)": PROTEIN,
    "p.hgvs": PROTEIN,
    "hgvs.p": PROTEIN,
    "hgvsp": PROTEIN,
    "dna change": CDNA,
    "dna change (c.hgvs)": CDNA,
    "coding change": CDNA,
    "c.hgvs": CDNA,
    "hgvs.c": CDNA,
    "hgvsc": CDNA,
    "variant allele frequency": VAF,
    "allelic frequency": VAF,
    "variant allele fraction": VAF,
    "vaf": VAF,
    "copy number": COPY_NUMBER,
    "genomic source class": SOURCE_CLASS,
    "transcript": TRANSCRIPT,
    "exon": EXON,
}

# The extensions of the genetics profiles of DSTU2 and STU3, without "observation-" and "genetics".
GENETICS_EXTENSIONS = {
    "Gene": GENE,
    "AminoAcidChange": PROTEIN,
    "AminoAcidChangeName": PROTEIN,
    "AlleleName": DISCRETE,
    "DNARegionName": EXON,
    "DNAVariantId": DISCRETE,
    "VariationId": DISCRETE,
    "Variant": CDNA,
    "VariationHGVS": CDNA,
    "DNASequenceVariantName": CDNA,
    "DNASequenceVariation": CDNA,
    "DNASequenceVariationType": CHANGE_TYPE,
    "GenomicSourceClass": SOURCE_CLASS,
    "AlleleFrequency": VAF,
    "ReferenceAllele": REF_ALLELE,
    "ObservedAllele": ALT_ALLELE,
    "TranscriptReferenceSequenceId": TRANSCRIPT,
    "CopyNumberEvent": COPY_NUMBER_TYPE,
}

# --- Answers --------------------------------------------------------------------------------------------------------
PRESENT = frozenset({"LA9633-4", "52101004", "10828004", "LA6576-8", "POS", "detected", "Detected"})
ABSENT = frozenset({"LA9634-2", "2667000", "260385009", "LA6577-6", "LA11883-8", "NEG", "W", "not-exp", "ND"})
INDETERMINATE = frozenset({"LA11884-6"})
MUTATED_INTERPRETATION = "M"
ABNORMAL = frozenset({"A", "AA"})
SOMATIC = frozenset({"LA6684-0"})
GERMLINE = frozenset({"LA6683-2"})
PATHOGENIC = frozenset({"LA6668-3", "LA26332-9"})
UNCERTAIN = frozenset({"LA26333-7"})
BENIGN = frozenset({"LA26334-5", "LA6675-8"})
MSI_HIGH = "LA26203-2"
MSI_LOW = "LA26202-4"
MSI_STABLE = "LA14122-8"
AMPLIFIED = frozenset({"12645001", "high-level-gain"})
COPY_GAIN = frozenset({"low-level-gain"})
COPY_GAIN_UNGRADED = frozenset({"SO:0001742", "SO_0001742", "gain"})
COPY_LOSS = frozenset({"SO:0001743", "SO_0001743", "loss"})
DELETION_TYPES = frozenset({"SO:0000159", "SO_0000159", "LA6692-3"})
FUSION_CONSEQUENCE = frozenset({"SO:0001886", "SO_0001886", "SO:0001565", "SO_0001565"})
SPLICE_WORDS = ("splice_donor", "splice_acceptor", "essential_splice")
INDEL_TYPES = frozenset({"SO:0000159", "SO:0000667", "SO:1000032", "SO:1000035", "LA6692-3", "LA6687-3"})
ZERO_BASED = frozenset({"LA30100-4"})
GENE_SYSTEMS = ("genenames.org", "ncbi.nlm.nih.gov/gene")

# --- Specimens ------------------------------------------------------------------------------------------------------
PLASMA_WORDS = ("plasma", "ctdna", "cfdna", "cell-free", "cell free", "liquid biopsy", "circulating")
BLOOD_WORDS = ("blood", "serum")
TISSUE_WORDS = ("tissue", "tumor", "tumour", "biopsy", "ffpe", "paraffin", "resection", "neoplasm", "cytology")

# --- Diagnoses ------------------------------------------------------------------------------------------------------
RESOLVED = frozenset({"resolved", "inactive"})
REMISSION = frozenset({"remission"})
ACTIVE = frozenset({"active", "recurrence", "relapse"})
UNCERTAIN_VERIFICATION = frozenset({"provisional", "differential", "unconfirmed"})
REFUTED_VERIFICATION = frozenset({"refuted", "entered-in-error"})
# KBV and fhir.de: how sure an ICD-10-GM diagnosis is (G: certain).
ICD_CERTAINTY = "diagnosesicherheit"
ICD_SUSPECTED, ICD_EXCLUDED, ICD_PAST = "V", "A", "Z"
STAGE_GROUP = frozenset({"21908-9", "21902-2", "21914-7", "399390009", "399537006", "399588009"})
M_CATEGORY = frozenset({"21907-1", "21901-4", "399387003", "371497001", "399608002"})
M1 = frozenset({"1229903009", "1229904003", "1229907005", "1229910003", "1229916009"})
FAMILY_HISTORY = frozenset({"312824007", "429740004", "430705002"})
SECONDARY_PROFILE = "secondary-cancer"

# --- Performance status ---------------------------------------------------------------------------------------------
ECOG = frozenset({"89247-1", "89262-0", "423740007"})
KARNOFSKY = frozenset({"89243-0"})
# LOINC answers and SNOMED CT findings as mapped by the German oBDS and the mCODE value sets.
PERFORMANCE_ANSWERS = {
    "ECOG": {
        "LA9622-7": 0,
        "LA9623-5": 1,
        "LA9624-3": 2,
        "LA9625-0": 3,
        "LA9626-8": 4,
        "LA9627-6": 5,
        "425389002": 0,
        "422512005": 1,
        "422894000": 2,
        "423053003": 3,
        "423237006": 4,
        "423409001": 5,
    },
    "Karnofsky": {
        "LA29175-9": 100,
        "LA29176-7": 90,
        "LA29177-5": 80,
        "LA29178-3": 70,
        "LA29179-1": 60,
        "LA29180-9": 50,
        "LA29181-7": 40,
        "LA29182-5": 30,
        "LA29183-3": 20,
        "LA29184-1": 10,
        "LA9627-6": 0,
    },
}

# --- Medication -----------------------------------------------------------------------------------------------------
TREATMENT_INTENT = "treatment-intent"
INTENT_WORDS = ("neoadjuvant", "adjuvant", "maintenance", "consolidation", "palliative", "curative")
STATEMENT_GIVEN = frozenset({"active", "completed", "stopped", "on-hold", "recorded", "final"})
REQUEST_ORDERED = frozenset({"active", "completed", "stopped", "on-hold", "ended"})
NOT_GIVEN = frozenset({"not-taken", "not-done", "cancelled", "declined", "intended", "draft"})
REQUEST_STOPPED = frozenset({"stopped", "ended"})  # a completed one has been filled: the drug may still be taken
MEDICATION_TYPES = (
    "MedicationRequest",
    "MedicationStatement",
    "MedicationAdministration",
    "MedicationDispense",
    "MedicationOrder",
)
INTENT_NOT_ORDERED = frozenset({"proposal", "plan", "option"})
NOT_TAKING = "not-taking"
ATC_ANTINEOPLASTIC = "L01"
ATC_SUBSTANCE_LENGTH = 7  # a shorter ATC code is a group
ADMINISTERED = frozenset({"completed", "in-progress", "stopped", "on-hold"})

NOT_YET_ORDERED = frozenset({"proposal", "plan", "option"})
ORDER_TYPES = ("MedicationRequest", "MedicationOrder", "ServiceRequest", "ProcedureRequest")
ORDERS_OF_OTHER_THINGS = (
    "DeviceRequest",
    "NutritionOrder",
    "VisionPrescription",
    "CommunicationRequest",
    "SupplyRequest",
)
QTC = ("8636-3",)
