"""What the words of a diagnosis say besides its name: whose it is, how sure, how old, whether a cancer, how spread.

All texts are given in lower case (`casefold`).
"""

from __future__ import annotations

import re

from cds_targets.terms import Terms

_RELATIVE = (
    r"(?:mother|father|sister|brother|sibling|daughter|son|aunt|uncle|cousin|grandmother|grandfather|relative|mutter|vater"
    r"|schwester|bruder)"
)
_FAMILY = re.compile(
    r"\b(?:family history|familial history|familienanamnese|fhx|fear of|at risk|increased risk)\b"
    r"|\bgenetic susceptibility\b"
    rf"|^\W*(?:fh\b|(?:maternal|paternal)\b|{_RELATIVE}\b)|\b(?:in|bei) (?:\w+ ){{0,2}}{_RELATIVE}\W*$"
)
_SCREENING = re.compile(r"^(?:\W*\w+){0,3}\W*\bscreening\b|\bscreening\W*$")
_EXCLUDED = re.compile(
    r"^\W*(?:no (?:evidence|signs?|history) of|negative for|absence of|ruled out|excluded"
    r"|kein\w* (?:nachweis|anhalt|hinweis)|ausschluss|ausgeschlossen\w*)\b(?!\W*(?:disease|recurrence|residual))"
    r"|\b(?:ruled out|excluded|ausgeschlossen)\W*$"
)
_SUSPECTED = re.compile(
    r"\b(?:suspected|suspicion|suspicious|suspect|possible|possibly|probable|probably|presumed|concern(?:ing)? for"
    r"|rule out|r/o|query|queried|differential|uncertain (?:behaviou?r|whether|nature)|unspecified behaviou?r"
    r"|verdacht\w*|wahrscheinlich\w*|unsicheren verhaltens)\b|\bv\.\s?a\.|^\W*(?:\?|likely\b)|\?\W*$"
)
_HISTORY = re.compile(r"\b(?:history of|past history|h/o|hx of)\b|^\W*(?:s/p|status post|previous|prior|former)\b")
_OVER = re.compile(r"\b(?:personal history|in (?:complete )?remission|zustand nach|survivor)\b|\bz\.\s?n\.")
_SECONDARY = re.compile(
    r"\bsecondary\b.{0,60}\b(?:neoplasm|cancer|malignan\w*|tumou?r|carcinoma)|\bsekundäre\w*\b.{0,40}\bneubildung"
    r"|\bmalignant (?:pleural effusion|ascites|pericardial effusion)\b"
)
_SPREAD = re.compile(
    r"\b(?:metastas[ei]s|metastasi[sz]ed|mets|leptomeningeal disease|carcinomatosis|meningeosis carcinomatosa"
    r"|peritonealkarzinose)\b|\w*metastasen?\b|\bfilia[ei]\b"
    r"|\bmetastatic\b[^.;,]{0,60}?\b(?:to|in)\b"
)
_NO_SPREAD = re.compile(
    r"\b(?:no|without|negative for|ohne|kein\w*)\b[^.;,]{0,30}(?:metasta\w*|\bmets\b)|\bnon.?metasta\w+"
)
_SPREAD_PLACES = (
    re.compile(r"(?P<place>[\w ,]{2,60}?)\s(?:metastas[ei]s|mets)\b(?!\s(?:to|in|of)\b)"),
    re.compile(
        r"\b(?:metastas[ei]s|metastasi[sz]ed|mets|metastatic\b[^.;,]{0,60}?)\s(?:to|in|of)\s"
        r"(?P<place>[\w ,]{2,60})"
    ),
    re.compile(r"(?P<place>\w{3,30})metastasen?\b"),
)
_SPREAD_MARK = re.compile(r"\b(?:with|mit|metastatic to|metastasi[sz]ed|mets|metastas[ei]s)\b|\w*metastasen?\b")
_METASTATIC_TO = re.compile(r"(\bmetastatic\b[^.;,]{0,60}?)\b(?:to|in)\b.*")
# Phrases with a word for cancer that name another trouble, a visit or a test.
_NOT_THE_CANCER = re.compile(
    r"\btumou?r (?:lysis|markers?|necrosis)\b|\bcancer (?:pain|antigen)\b"
    r"|\b(?:neoplasm|cancer|tumou?r)[ -](?:related|induced)\b"
    r"|\b(?:due to|caused by|because of|associated with|related to|induced by)\b.*"
    r"|\bmalignant (?:hypertension|hyperthermia|otitis)\b|\bneuroleptic malignant\b"
    r"|\b(?:encounter|admission|aftercare|follow.?up|surveillance|consultation|chemotherapy|radiotherapy)\b"
    r".*\b(?:for|of|after|following)\b.*"
)
_CANCER = re.compile(
    r"\b(?:cancers?|carcinomas?|malignan\w+|neoplasms?|tumou?rs?|sarcomas?|leuka?emias?|lymphomas?|melanomas?|myelomas?"
    r"|adenocarcinomas?|glioblastomas?|mesotheliomas?|carcinoids?|\w*blastomas?|\w*sarcomas?"
    r"|\w*karzinome?|\w*krebs|bösartige neubildung\w*|\w*sarkome?|melanome?|\w*lymphome?|\w*leukämien?)\b"
)
_IN_SHORT = re.compile(r"\bca\b")
_NO_MALIGNANCY = re.compile(r"\bbenign\w*|\bgutartig\w*|\bin situ\b|\bcis\b|\bprecancerous\b|\bdysplasia\b")


def of_somebody_else_or_none(text: str) -> bool:
    """Whether the words speak of a relative's disease, of a risk or test, or exclude the disease."""
    return any(pattern.search(text) for pattern in (_FAMILY, _SCREENING, _EXCLUDED))


def is_suspected(text: str) -> bool:
    """Whether the words leave the diagnosis open; doubt about metastases alone does not."""
    return _SUSPECTED.search(_SPREAD_MARK.split(text, maxsplit=1)[0]) is not None


def is_over(text: str) -> bool:
    """Whether the words say that the disease is no longer there (remission, personal history)."""
    return _OVER.search(text) is not None


def is_past(text: str) -> bool:
    """Whether the words put it into the past, though they may only tell when it began ("history of")."""
    return _HISTORY.search(text) is not None


def names_secondary(text: str) -> bool:
    """Whether the words name a secondary cancer as such."""
    return _SECONDARY.search(text) is not None


def has_spread(text: str) -> bool:
    """Whether the words speak of metastases, and not of their absence."""
    return _SPREAD.search(text) is not None and not denies_spread(text)


def denies_spread(text: str) -> bool:
    """Whether the words say that there are no metastases."""
    return _NO_SPREAD.search(text) is not None


def itself(text: str) -> str:
    """The words without what names the cancer as a cause, an occasion or a test only."""
    return _NOT_THE_CANCER.sub(" ", text)


def is_cancer(text: str) -> bool:
    """Whether the words name a malignancy as the diagnosis itself."""
    return _CANCER.search(itself(text)) is not None and not is_not_malignant(text)


def is_not_malignant(text: str) -> bool:
    """Whether the words say benign or in situ."""
    return _NO_MALIGNANCY.search(text) is not None and "invasive" not in text


def primary_part(text: str) -> str:
    """What stands before the words on metastases: where the primary tumour is named; empty if that names no cancer."""
    own = itself(_SPREAD_MARK.split(_METASTATIC_TO.sub(r"\1", text), maxsplit=1)[0])
    return own if _CANCER.search(own) or _IN_SHORT.search(own) else ""


def spread_to(text: str, terms: Terms) -> list[str]:
    """The sites a diagnosis names its metastases in ("colon cancer with liver and lung metastases")."""
    for pattern in _SPREAD_PLACES:
        for match in pattern.finditer(text[:500]):
            named = re.split(r",|\band\b|\bund\b", match["place"].rpartition(" with ")[2])
            places = dict.fromkeys(terms.tumours.site_in_text(part) for part in named)
            places.pop("unknown", None)
            if places:
                return list(places)
    return []
