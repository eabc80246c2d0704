"""Other conditions that decide something: heart failure, long QT, interstitial lung disease ..."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pydantic import Field

from cds_targets.terms.files import Codes, TermModel, code_and_wider

# What may stand around the name of a condition without making it another: grade, course, time, certainty, cause.
_AROUND = re.compile(
    r"\b(?:ctcae|grade [0-5]|g[1-5]|mild|moderate|severe|acute|chronic|recurrent|persistent|intermittent|new|worsening"
    r"|symptomatic|suspected|suspicion of|possible|probable|confirmed|(?:personal )?history of|unspecified|nos|disorder"
    r"|finding|\d+ weeks|(?:first|second|third) trimester"
    r"|(?:immune )?(?:checkpoint )?(?:inhibitor )?(?:drug|treatment|medication|immune|immunotherapy)?"
    r" ?(?:induced|related|mediated|associated))\b"
    r"|\b(?:due|secondary|related) to\b.*|\b(?:caused by|after|following|while on|on|from)\b.*"
)

_LONG_WORD = 10
_NOT_THE_CONDITION = re.compile(
    r"\b(?:no|not|without|absence|risk|screening|test|testing|vaccin\w*|immuni[sz]ation|prophylaxis|exposure|monitoring|radiation)\b"
)


class ConditionTerm(TermModel):
    """One comorbidity. A code matches itself and, for ICD-10, everything below it."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    is_a: tuple[str, ...] = ()
    codes: Codes = Field(default_factory=Codes)
    source: str | None = None


class ConditionFile(TermModel):
    """`conditions.yaml`."""

    source: str
    conditions: tuple[ConditionTerm, ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """Comorbidities by id, code and name."""

    by_id: dict[str, ConditionTerm]
    _by_code: dict[tuple[str, str], str] = field(default_factory=dict)
    _by_word: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, conditions: tuple[ConditionTerm, ...]) -> Conditions:
        """Build the indexes."""
        return cls(
            {c.id: c for c in conditions},
            {pair: c.id for c in conditions for pair in c.codes.pairs()},
            {_folded(word): c.id for c in conditions for word in (c.name, *c.aliases)},
        )

    def by_code(self, system: str, code: str) -> str | None:
        """The condition of a code; an ICD code is also found through its category (`I50.22` by `I50`)."""
        chain = (self._by_code.get((system, one)) for one in code_and_wider(system, code))
        return next((found for found in chain if found is not None), None)

    def named(self, text: str) -> str | None:
        """The condition of a name or alias, also with its grade, course, certainty or cause around it.

        A name of several words is known within a longer one too ("acute on chronic systolic heart failure"), a long
        word at its end ("radiation pneumonitis").
        """
        folded = _folded(text)
        found = self._by_word.get(folded) or self._by_word.get(" ".join(_AROUND.sub(" ", folded).split()))
        if found is not None or _NOT_THE_CONDITION.search(folded):
            return found
        within = [
            word
            for word in self._by_word
            if (" " in word and f" {word} " in f" {folded} ")
            or (len(word) >= _LONG_WORD and folded.endswith(f" {word}"))
        ]
        return self._by_word[max(within, key=len)] if within else None

    def is_a(self, condition: str, wider: str) -> bool:
        """Whether `condition` is `wider` or a kind of it."""
        if condition == wider:
            return True
        term = self.by_id.get(condition)
        return term is not None and any(self.is_a(parent, wider) for parent in term.is_a)


def _folded(text: str) -> str:
    return " ".join(re.sub(r"[^\w]+", " ", text.casefold()).split())
