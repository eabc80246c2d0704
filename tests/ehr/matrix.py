"""One search fails in one way: is anything then said that was not seen, and is what is missing named?

Measured against two answers: the one to the whole chart, and the one to a call in which that key was left out and could
not be fetched. A search that brings nothing must be answered like the latter; one that brings some of it may deny
nothing that the whole chart does not deny, and neither may propose or warn without saying what is unknown.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Self

from cds_targets.ehr.fetcher import Fetcher
from cds_targets.ehr.guarded import Server
from cds_targets.errors import MissingData, RequestError
from cds_targets.fhir.record import PREFETCH, name_of
from cds_targets.hooks.request import HookRequest, parse_request
from cds_targets.hooks.response import CardExtension
from tests.ehr.asking import access, key_of
from tests.ehr.faults import PARTIAL, SLOW, TOTAL
from tests.ehr.faulty import Exchange, running
from tests.test_examples import DAY, advisor, example

BUDGET, SHORT = 3.0, 0.3  # seconds; the short one where a fault would only be waited for
SERVICES = {
    "targeted-therapies": "patient-view",
    "treatment-monitoring": "patient-view",
    "matching-trials": "patient-view",
    "therapy-safety-select": "order-select",
    "therapy-safety-sign": "order-sign",
}
Cards = tuple[CardExtension, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One prefetch key of one patient, and what happens to its search."""

    patient: str
    key: str
    fault: str

    def __str__(self) -> str:
        return f"{self.patient}, {self.key}: {self.fault}"


def rows(patient: str) -> list[Row]:
    """Every key with every fault that it can have: an instance read has no pages, no entries and no empty answer."""
    found = []
    for key, template in PREFETCH.items():
        searched = "?" in template.query
        faults = [*TOTAL, *PARTIAL] if searched else [fault for fault in TOTAL if not fault.startswith("nothing found")]
        found += [Row(patient, key, fault) for fault in faults]
    return found


class Stage:
    """A server on which rows are played one after the other."""

    def __init__(self) -> None:
        self._row: Row | None = None

    @contextmanager
    def open(self) -> Iterator[Self]:
        """The server runs."""
        with running(self._play) as server:
            self._base = server.base
            yield self

    def _play(self, exchange: Exchange) -> None:
        row = self._row
        assert row is not None
        (TOTAL | PARTIAL)[row.fault](exchange, example(row.patient, "patient-view")["prefetch"][key_of(exchange)])

    def wrong_with(self, row: Row) -> list[str]:
        """A sentence for everything that is wrong with the answers of the five services; empty if all is well."""
        self._row = row
        token = {"fhirServer": self._base, "fhirAuthorization": access(patient=row.patient)}
        asking = Fetcher([Server(self._base, internal=True)], SHORT if row.fault in SLOW else BUDGET)
        fetched = asking.complete(parse_request({**_call(row.patient, "patient-view", row.key), **token}))
        return [
            f"{service}: {problem}"
            for service, hook in SERVICES.items()
            for problem in _wrong(row, service, _answer(service, _call(row.patient, hook, row.key), fetched))
        ]


class _Given(Fetcher):
    """What was fetched before, given to every service."""

    def __init__(self, key: str, value: Any) -> None:
        super().__init__([])
        self._found = {key: value}

    def complete(self, request: HookRequest) -> Mapping[str, Any]:
        return {**request.prefetch, **self._found}


def _answer(service: str, call: dict[str, Any], fetched: Mapping[str, Any] | None = None) -> Cards | None:
    """The cards of an answer; None where the call was refused."""
    asking = advisor()
    if fetched is not None:
        (key,) = set(fetched) - set(call["prefetch"])
        asking = replace(asking, fetcher=_Given(key, fetched[key]))
    try:
        told = asking.advise(service, parse_request(call), DAY)
    except (MissingData, RequestError):
        return None
    return tuple(card.extension.card for card in told.cards)


@cache
def _call(patient: str, hook: str, left_out: str = "") -> dict[str, Any]:
    call: dict[str, Any] = copy.deepcopy(example(patient, hook))
    call["prefetch"] = {key: value for key, value in call["prefetch"].items() if key != left_out}
    return call


@cache
def _reference(patient: str, service: str, left_out: str = "") -> Cards | None:
    return _answer(service, _call(patient, SERVICES[service], left_out))


def _wrong(row: Row, service: str, told: Cards | None) -> Iterator[str]:
    if told is None:
        return
    whole, without = _reference(row.patient, service), _reference(row.patient, service, row.key)
    assert whole is not None
    if without is None:
        yield "answered, though without that key nothing can be said"
        return
    if row.fault in TOTAL and _said(told) != _said(without):
        yield f"not what is said when the key was left out: {_said(told)}, {_said(without)}"
    for denied in _denied(told) - _denied(whole) - _denied(without):
        yield f"denied without having been seen: {denied}"
    known = {(card.id, tuple(card.therapies)) for card in whole}
    for card in told:
        if (card.id, tuple(card.therapies)) not in known and not card.unknown:
            yield f"{card.id} is shown without saying what is unknown"
    missing = _unknown(without) - _unknown(whole)
    if service == "matching-trials" and _said(told) == _said(whole):
        return  # each trial names what it hinges on, and on what is missing none does
    if missing and not missing & _unknown(told) and not _names(row.key, _unknown(told)):
        yield f"what is missing is not named: {_unknown(told)}"


def _said(cards: Cards) -> list[Any]:
    return [
        (card.id, card.therapies, card.trials, [(line.condition, line.outcome) for line in card.because])
        for card in cards
    ]


def _denied(cards: Cards) -> set[tuple[str, str, str]]:
    return {
        (card.id, line.condition, line.sentence) for card in cards for line in card.because if line.outcome == "not met"
    }


def _unknown(cards: Cards) -> set[str]:
    return {sentence for card in cards for sentence in card.unknown}


def _names(key: str, sentences: set[str]) -> bool:
    names = [name_of(key), *(topic.value for topic in PREFETCH[key].topics)]
    return any(name in sentence for sentence in sentences for name in names)
