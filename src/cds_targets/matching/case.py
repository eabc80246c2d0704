"""What a judge needs: the patient's record, the terms, and how to bind what was found to the card's text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cds_targets.facts.dates import When
from cds_targets.facts.genomic import Source
from cds_targets.facts.record import Coverage, PatientRecord, Topic
from cds_targets.library.conditions import Condition
from cds_targets.library.durations import parse_duration
from cds_targets.matching.verdict import Outcome, Verdict
from cds_targets.terms import Terms

_PLUS_SPANS = tuple(f"{n} {u}" for n, u in ((6, "weeks"), (12, "weeks"), (3, "months"), (8, "weeks"), (4, "weeks")))


@dataclass(frozen=True, slots=True)
class Case:
    """One patient as the judges see it."""

    record: PatientRecord
    terms: Terms

    @property
    def as_of(self) -> date:
        """The day everything is judged on."""
        return self.record.as_of

    def unseen(self, topics: Iterable[Topic]) -> tuple[str, ...]:
        """Gap sentences of the topics that were not completely seen; empty if all were."""
        found: list[str] = []
        for topic in topics:
            seen = self.record.of(topic)
            if seen.coverage is not Coverage.COMPLETE:
                found.extend(seen.gaps or (f"{topic.value} were not completely sent",))
        return tuple(dict.fromkeys(found))

    def nothing_found(self, condition: Condition, sentence: str) -> Verdict:
        """The verdict where nothing was found: NOT_MET if everything was seen, else UNKNOWN with what was not."""
        gaps = self.unseen(condition.topics)
        if gaps:
            return Verdict(condition.word, Outcome.UNKNOWN, "; ".join(gaps))
        return Verdict(condition.word, Outcome.NOT_MET, sentence)


def met(
    condition: Condition,
    sentence: str,
    sources: Iterable[Source | None] = (),
    caveats: Iterable[str] = (),
    values: dict[str, str] | None = None,
) -> Verdict:
    """A MET verdict; `values` are bound under the line's `as:` name."""
    name = condition.bind
    bound = tuple((f"{name}.{key}", value) for key, value in (values or {}).items()) if name else ()
    return Verdict(condition.word, Outcome.MET, sentence, references(sources), tuple(caveats), values=bound)


def not_met(condition: Condition, sentence: str, sources: Iterable[Source | None] = ()) -> Verdict:
    """A NOT_MET verdict."""
    return Verdict(condition.word, Outcome.NOT_MET, sentence, references(sources))


def unknown(condition: Condition, sentence: str, sources: Iterable[Source | None] = ()) -> Verdict:
    """An UNKNOWN verdict; the sentence says what is missing."""
    return Verdict(condition.word, Outcome.UNKNOWN, sentence, references(sources))


def references(sources: Iterable[Source | None]) -> tuple[str, ...]:
    """The references of the sources, once each."""
    return tuple(dict.fromkeys(source.reference for source in sources if source is not None and source.reference))


def listed(words: Iterable[str], joint: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    items = list(dict.fromkeys(words))
    if len(items) <= 1:
        return "".join(items)
    return f"{', '.join(items[:-1])} {joint} {items[-1]}"


def unlisted(text: str) -> list[str]:
    """The items of `listed`."""
    return [item for item in re.split(", | and | or ", text) if item]


def days_ago(when: When, as_of: date) -> str:
    """`today`, `42 days ago`, `12 to 40 days ago`; `planned for 2026-07-01` where it lies ahead."""
    fewest, most = when.days_before(as_of)
    if most < 0:
        return f"planned for {when}"
    if most == 0:
        return "today"
    if fewest == most:
        return f"{most} day{'' if most == 1 else 's'} ago"
    return f"{max(fewest, 0)} to {most} days ago"


def date_values(when: When | None, as_of: date, now: bool = False) -> dict[str, str]:
    """The attributes every dated binding has: `when`, `days`, `date`, and `plus_6_weeks` and the like."""
    if when is None:
        text = "still being given" if now else "on an unknown date"
        return {"when": text, "days": text, "date": "unknown", **{_plus(span): "unknown" for span in _PLUS_SPANS}}
    ago = days_ago(when, as_of)
    values = {"when": f"still being given, last dose {ago}" if now else ago, "days": ago.removesuffix(" ago")}
    values["date"] = str(when)
    for span in _PLUS_SPANS:
        values[_plus(span)] = parse_duration(span).last_day_from(when.latest).isoformat()
    return values


def _plus(span: str) -> str:
    return "plus_" + span.replace(" ", "_")
