"""A curated study as it stands today: newer news of the registry about its status comes before the curated one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from cds_targets.trials.registry import News
from cds_targets.trials.study import Study

# By invitation only, and suspended, are not open to a patient of ours; an unknown status is no news.
_WORDS: dict[str, str] = {
    "RECRUITING": "recruiting",
    "NOT_YET_RECRUITING": "not yet recruiting",
    "ACTIVE_NOT_RECRUITING": "active, not recruiting",
    "ENROLLING_BY_INVITATION": "not recruiting",
    "SUSPENDED": "not recruiting",
    "COMPLETED": "completed",
    "TERMINATED": "terminated",
    "WITHDRAWN": "withdrawn",
}
_FINAL = frozenset({"completed", "terminated", "withdrawn", "reported"})


def current(studies: Iterable[Study], news: dict[str, News]) -> list[Study]:
    """The studies with their newest status; what has ended or reported is never opened again by a record."""
    return [_current(study, news[study.nct]) if study.nct in news else study for study in studies]


def _current(study: Study, said: News) -> Study:
    word, day = _WORDS.get(said.status), _day(said.updated)
    if word is None or day is None or day <= study.status.as_of or study.status.word in _FINAL:
        return study
    status = study.status.model_copy(
        update={"word": word, "as_of": day, "source": f"registry record updated {said.updated}"}
    )
    return study.model_copy(update={"status": status})


def _day(written: str) -> date | None:
    """The first day a date of the registry may mean (`2026-05` is its first)."""
    try:
        return date.fromisoformat(written if len(written) > len("2026-05") else f"{written}-01")
    except ValueError:
        return None
