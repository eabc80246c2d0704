"""The words of a finding: the card's text with its placeholders filled."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cds_targets.library.definition import PLACEHOLDER, Kind
from cds_targets.matching.finding import Finding


@dataclass(frozen=True, slots=True)
class Wording:
    """What the clinician reads: summary, the detail, and the sentences added to it."""

    indicator: str
    summary: str
    detail: str
    additions: tuple[str, ...]

    @property
    def text(self) -> str:
        """Everything in one string."""
        return "\n".join([self.summary, self.detail, *self.additions])


def plain(text: str) -> str:
    """No escaping."""
    return text


def wording(finding: Finding, escape: Callable[[str], str] = plain) -> Wording:
    """The text of a finding; `escape` makes bound values safe in the detail's Markdown (the summary is plain text)."""
    card = finding.card
    if finding.applies:
        text = card.card
        additions = tuple(fill(addition, finding.values, escape) for addition in finding.additions)
        if card.kind is Kind.THERAPY and card.therapies and not finding.therapies:
            summary = f"Nothing left to propose: {card.title}"
            return Wording("info", summary if len(summary) < 140 else card.title, "", additions)
        summary = fill(text.summary, finding.values, plain)
        left = _left(finding)
        return Wording(
            text.indicator,
            summary + left if len(summary + left) < 140 else summary,
            fill(text.detail, finding.values, escape).strip(),
            additions,
        )
    if card.unknown_card is not None:
        return Wording(
            card.unknown_card.indicator,
            fill(card.unknown_card.summary, finding.values, plain),
            fill(card.unknown_card.detail, finding.values, escape).strip(),
            (),
        )
    return Wording("info", f"Could not be judged: {card.title}"[:139], "", ())


def _left(finding: Finding) -> str:
    """Which of the proposals that the summary names are left for this patient, where some are not."""
    if finding.card.kind is not Kind.THERAPY or len(finding.therapies) == len(finding.card.therapies):
        return ""
    return "; proposed here: " + " or ".join(" + ".join(regimen) for regimen in finding.therapies)


def fill(text: str, values: dict[str, str], escape: Callable[[str], str]) -> str:
    """Placeholders filled, a line that begins with one capitalised; one without a value becomes "unknown"."""

    def filled(match: re.Match[str]) -> str:
        value = escape(values.get(f"{match[1]}.{match[2]}", "unknown"))
        begins = match.start() == 0 or text[match.start() - 1] == "\n"
        return value[:1].upper() + value[1:] if begins else value

    return PLACEHOLDER.sub(filled, text)
