"""Words that say whether a finding is there, in English and German: affirmed, denied, or left open."""

from __future__ import annotations

import re
from functools import lru_cache

from cds_targets.facts.genomic import Presence

MAX_LENGTH = 400

_OPEN = re.compile(
    r"\b(?:indeterminate|inconclusive|equivocal|ambiguous|unknown(?! significance)|pending|failed|insufficient|qns"
    r"|no call|possibl[ey]|suspected|suspicious|questionable|low coverage|quantity not|see (?:the )?report"
    r"|below (?:the )?limit|(?:can ?not|could not|can't) (?:be )?(?:determine|exclude|assess|evaluate|rule|judge)\w*"
    r"|not (?:been )?(?:determin|assess|evalua|report|interpret|available|applicable|analy|sequenced|performed|tested"
    r"|done|covered)\w*"
    r"|nicht (?:sicher )?(?:beurteil|auswert|untersuch|durchgef|bestimm|getestet|interpretier|auszuschlie|verwert"
    r"|gemacht)\w*"
    r"|kein\w* (?:\w+ )?(?:angabe|aussage|daten|beurteilung|material|ergebnis|result)\w*"
    r"|fraglich\w*|unklar\w*|unbekannt\w*|ausstehend\w*|verdacht\w*|möglich\w*)"
)
_BESIDES = re.compile(
    r"\b(?:no|without|kein\w*|ohne) (?:other|further|additional|more|weiter\w*|ander\w*|zusätzlich\w*)\b[^.;]*"
)
_CLAUSE = re.compile(r"[;\n]|\.(?=\s|$)|\b(?:but|however|aber|jedoch)\b")
_DENIED = re.compile(
    r"\b(?:not|no(?! special type)|none|never|without|absence of|nicht|kein(?:e|en|er|es|em)?|ohne)\b(?P<rest>.*)",
    re.DOTALL,
)
_NON = re.compile(r"\bnon[- ]?$")
_AFFIRMED = re.compile(
    r"\b(?:detected|positiv\w*|present|mutated|found|identified|observed|seen|amplified|rearranged|mutiert|vorhanden"
    r"|gefunden|identifiziert|detektiert|festgestellt|nachweis|nachgewiesen|nachweisbar|amplifiziert|rearrangiert)\b"
)
_ABSENT = re.compile(
    r"\b(?:negativ\w*|wild[- ]?typ[e]?|wt|absent|undetected|undetectable|(?:non|un)-?mutated|unmutiert)\b"
    r"(?: (?:allele|sequence|status|sequenz))?"
    r"(?: (?:is |was )?(?:detected|present|found|identified|confirmed|nachgewiesen))?"
)
_FINDING = re.compile(
    r"\b(?:mutation|variant|alteration|fusion|rearrangement|amplification|translocation|deletion|insertion|copy"
    r"|evidence|change|abnormalit|aberration|variante|veränderung|amplifikation|translokation|hinweis|nachweis)"
)
_BARE = {
    **dict.fromkeys(("no", "none", "nein", "kein", "keine", "nil", "neg", "neg.", "false"), Presence.ABSENT),
    **dict.fromkeys(("yes", "ja", "pos", "pos.", "true"), Presence.PRESENT),
}


def left_open(text: str) -> bool:
    """Whether a text says that something could not be judged, or is not yet."""
    return _OPEN.search(text[:MAX_LENGTH].casefold()) is not None


def answered(text: str) -> Presence | None:
    """What the value of a result says, which may be as short as "no"."""
    return _BARE.get(text.strip().casefold()) or said(text)


def claims(text: str, pattern: re.Pattern[str]) -> set[bool]:
    """Whether a text states what the pattern says (True), denies it (False), both, or neither."""
    found: set[bool] = set()
    for clause in _CLAUSE.split(text[:MAX_LENGTH].casefold()):
        denial = _DENIED.search(clause)
        for match in pattern.finditer(clause):
            denied = denial is not None and match.start() >= denial.start()
            found.add(not denied and _NON.search(clause[: match.start()]) is None)
    return found


@lru_cache(maxsize=4096)
def said(text: str) -> Presence | None:
    """Whether a text says present or absent; UNKNOWN where it leaves that open or says both; None if neither.

    A denial reaches to the end of its clause: "no KRAS or NRAS mutation detected" affirms nothing.
    """
    folded = _BESIDES.sub(" ", text[:MAX_LENGTH].casefold())
    if _OPEN.search(folded):
        return Presence.UNKNOWN
    clauses = {found for clause in _CLAUSE.split(folded) if (found := _of_clause(clause)) is not None}
    if not clauses:
        return None
    return clauses.pop() if len(clauses) == 1 else Presence.UNKNOWN


def _of_clause(clause: str) -> Presence | None:
    denial = _DENIED.search(clause)
    before = clause if denial is None else clause[: denial.start()]
    absent = _ABSENT.search(before)
    affirmed = _AFFIRMED.search(_ABSENT.sub(" ", before))
    if denial is None:
        if absent is not None:
            return Presence.ABSENT if affirmed is None else Presence.UNKNOWN
        return Presence.PRESENT if affirmed is not None else None
    rest = denial["rest"]
    if affirmed is not None or _ABSENT.match(rest.strip()):
        return Presence.UNKNOWN
    if absent is not None or _AFFIRMED.search(rest) or _FINDING.search(rest):
        return Presence.ABSENT
    return None
