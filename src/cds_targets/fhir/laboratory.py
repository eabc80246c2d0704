"""Laboratory and ECG results in the canonical unit of their term, with the laboratory's own limits."""

from __future__ import annotations

import re
from datetime import tzinfo
from functools import lru_cache
from typing import Any

import pint
from lark.exceptions import LarkError
from ucumvert import PintUcumRegistry

from cds_targets.facts.clinical import Lab
from cds_targets.facts.genomic import Source
from cds_targets.fhir import codes
from cds_targets.fhir.reading import (
    Entry,
    Resource,
    Resources,
    as_dict,
    as_list,
    as_number,
    as_text,
    codings,
    concept_text,
    observed_on,
)
from cds_targets.terms import Terms
from cds_targets.terms.labs import LabTest

MAX_UNIT = 40  # characters; no unit is longer, and parsing one costs more than its length
_VOID = frozenset({"entered-in-error", "cancelled"})
_SETTLED = frozenset({"final", "amended", "corrected", "appended", ""})
# Spellings of units that are not UCUM but are sent all the time, in lower case and with u for micro.
_UNITS = {
    "iu/l": "U/L",
    "[iu]/l": "U/L",
    "u/l": "U/L",
    "ui/l": "U/L",
    "units/l": "U/L",
    "u/liter": "U/L",
    "unitsperliter": "U/L",
    "ukat/l": "ukat/L",
    "mckat/l": "ukat/L",
    "mg/dl": "mg/dL",
    "umol/l": "umol/L",
    "mcmol/l": "umol/L",
    "mmol/l": "mmol/L",
    "k/ul": "10*3/uL",
    "k/mcl": "10*3/uL",
    "k/mm3": "10*3/uL",
    "k/cumm": "10*3/uL",
    "tsd/ul": "10*3/uL",
    "tsd./ul": "10*3/uL",
    "10^3/mcl": "10*3/uL",
    "thou/ul": "10*3/uL",
    "thousand/ul": "10*3/uL",
    "10^3/ul": "10*3/uL",
    "x10^3/ul": "10*3/uL",
    "10e3/ul": "10*3/uL",
    "x10e3/ul": "10*3/uL",
    "10*3/ul": "10*3/uL",
    "10*3/mcl": "10*3/uL",
    "10*9/l": "10*3/uL",
    "10^9/l": "10*3/uL",
    "x10^9/l": "10*3/uL",
    "10e9/l": "10*3/uL",
    "x10e9/l": "10*3/uL",
    "gpt/l": "10*3/uL",
    "cells/ul": "/uL",
    "msec": "ms",
    "millisecond": "ms",
    "milliseconds": "ms",
    "sec": "s",
}
_EQUIVALENTS = frozenset({"meq/l", "mval/l"})  # milliequivalents: mmol/L times the charge
_MICRO = str.maketrans({"\u00b5": "u", "\u03bc": "u", " ": None})
_NUMBER = r"(\d{1,6}(?:[.,]\d{1,4})?)"
_RANGE = re.compile(rf"(?<![\d.,]){_NUMBER}\s*(?:-|\u2013|to|bis)\s*{_NUMBER}(?![\d.,]*[%])")
_ULN = re.compile(rf"(?:\bULN\s*[:=]?|<=?|\u2264|\bup to|\bbis)\s*{_NUMBER}", re.IGNORECASE)
_RESULT = re.compile(rf"\s*([<>]=?)?\s*{_NUMBER}\s*(\S{{0,20}})\s*")
_OTHER_FLUID = re.compile(
    r"\b(?:urine|urin|harn|csf|cerebrospinal|liquor|pleural|ascit\w*|peritoneal|stool|faeces|feces|stuhl|bile|sweat|saliva)\b",
    re.IGNORECASE,
)


def read_labs(resources: Resources, terms: Terms, zone: tzinfo) -> list[Lab]:
    """Every result of a test the terms know; panels with components are opened."""
    found: list[Lab] = []
    for entry in resources.of_type("Observation"):
        status = as_text(entry.resource.get("status"))
        if status in _VOID or _is_variant(entry.resource) or _of_other_fluid(entry, resources):
            continue
        for part in (entry.resource, *as_list(entry.resource.get("component"))):
            if isinstance(part, dict):
                test = _test(part, terms)
                if test is not None:
                    found.append(_lab(part, entry, test, status, zone))
    return found


def _of_other_fluid(entry: Entry, resources: Resources) -> bool:
    """Whether the specimen is none of blood: what is measured in it has other limits."""
    specimen = as_dict(entry.resource.get("specimen"))
    if not specimen:
        return False
    target = resources.resolve(specimen, entry)
    said = [as_text(specimen.get("display")), concept_text(target.resource.get("type")) if target else ""]
    return any(_OTHER_FLUID.search(text) for text in said)


def _is_variant(resource: Resource) -> bool:
    """Whether this is a variant, whose dozen components need not be looked through for laboratory tests."""
    found = as_list(as_dict(resource.get("code")).get("coding"))
    return any(isinstance(coding, dict) and coding.get("code") == codes.VARIANT for coding in found)


def _test(part: Resource, terms: Terms) -> LabTest | None:
    concept = part.get("code")
    for coding in codings(concept):
        test = terms.labs.by_code(codes.system_name(coding.system), coding.code)
        if test is not None:
            return terms.labs.tests[test]
    coded = codings(concept)
    texts = [as_text(as_dict(concept).get("text")), *(coding.display for coding in coded)]
    in_full = next((test for coding in coded if (test := terms.labs.named_in_full(coding.display))), None)
    named = in_full or next((test for text in texts if text and (test := terms.labs.named(text))), None)
    if named is None or in_full is not None:
        return terms.labs.tests[named] if named else None
    # A LOINC code we do not know may mean another specimen (bilirubin in urine); an ECG has only one.
    told_otherwise = any(codes.system_name(coding.system) == "loinc" for coding in coded)
    return None if told_otherwise and not terms.labs.tests[named].ecg else terms.labs.tests[named]


def _lab(part: Resource, entry: Entry, test: LabTest, status: str, zone: tzinfo) -> Lab:
    source = Source(entry.reference, entry.pointer)
    when = observed_on(entry.resource, zone)
    quantity = as_dict(part.get("valueQuantity"))
    number = as_number(quantity.get("value", part.get("valueInteger")))
    comparator = as_text(quantity.get("comparator")) or None
    unit = as_text(quantity.get("code")) or as_text(quantity.get("unit"))
    if number is None:
        number, comparator, unit = _from_text(as_text(part.get("valueString")), comparator, unit)
    if number is None:
        return Lab(test.id, source, when=when, notes=("no number was reported",))
    if status not in _SETTLED:
        return Lab(test.id, source, when=when, notes=(f"the result is {status}, not final",))
    value = convert(number, unit, test)
    if value is None:
        why = f"its unit ({unit[:20]}) is not one that can be converted" if unit else "it has no unit"
        return Lab(test.id, source, when=when, written=f"{number:g} {unit}".strip(), notes=(why,))
    if test.plausible is not None and not test.plausible[0] <= value <= test.plausible[1]:
        why = f"{number:g} {unit} is not plausible: a mistake of unit is likely"
        return Lab(test.id, source, when=when, written=f"{number:g} {unit}", notes=(why,))
    lower, upper = _limits(part if "referenceRange" in part else entry.resource, unit, test)
    return Lab(test.id, source, value, test.unit, comparator, lower, upper, when, f"{number:g} {unit}")


def _from_text(text: str, comparator: str | None, unit: str) -> tuple[float | None, str | None, str]:
    match = _RESULT.fullmatch(text)
    if match is None:
        return None, comparator, unit
    return _decimal(match[2]), match[1] or comparator, match[3] or unit


def _decimal(written: str) -> float | None:
    """A number with a point or a comma; a comma before three digits may part thousands, and tells nothing."""
    return None if re.search(r",\d{3}$", written) else float(written.replace(",", "."))


def _limits(part: Resource, unit: str, test: LabTest) -> tuple[float | None, float | None]:
    """The normal range, converted like the value; a range marked otherwise than normal is passed over.

    Several that differ (by age, by sex) do not say which is the patient's.
    """
    found: dict[tuple[float | None, float | None], None] = {}
    for item in as_list(part.get("referenceRange")):
        reference = as_dict(item)
        kind = {coding.code for coding in codings(reference.get("type"))}
        if kind and not kind & {"normal", "N", "recommended"}:
            continue
        low, high = (_bound(reference.get(name), unit, test) for name in ("low", "high"))
        if low is None and high is None:
            low, high = _range_in_text(as_text(reference.get("text")), unit, test)
        if low is not None or high is not None:
            found[low, high] = None
    return next(iter(found)) if len(found) == 1 else (None, None)


def _bound(quantity: Any, unit: str, test: LabTest) -> float | None:
    number = as_number(as_dict(quantity).get("value"))
    if number is None:
        return None
    own = as_text(as_dict(quantity).get("code")) or as_text(as_dict(quantity).get("unit")) or unit
    return convert(number, own, test)


def _range_in_text(text: str, unit: str, test: LabTest) -> tuple[float | None, float | None]:
    both, upper = _RANGE.search(text), _ULN.search(text)
    if both is not None:
        low, high = _decimal(both[1]), _decimal(both[2])
    else:
        low, high = None, _decimal(upper[1]) if upper is not None else None
    low, high = (None if bound is None else convert(bound, unit, test) for bound in (low, high))
    return low, high


def convert(value: float, unit: str, test: LabTest) -> float | None:
    """A value in the test's canonical unit; None if the unit is missing or measures something else."""
    if not unit or len(unit) > MAX_UNIT:
        return None
    if unit.translate(_MICRO).casefold() in _EQUIVALENTS:
        value, unit = value / test.valence, "mmol/L"
    factor = _factor(_ucum(unit), test.unit, test.molar_mass)
    return None if factor is None else value * factor


def _ucum(unit: str) -> str:
    """The unit in UCUM where it is spelt in a way that is known; `G/L` counts cells, `g/L` is a mass."""
    return "10*3/uL" if unit == "G/L" else _UNITS.get(unit.translate(_MICRO).casefold(), unit)


@lru_cache(maxsize=1)
def _registry() -> PintUcumRegistry:
    return PintUcumRegistry()


@lru_cache(maxsize=512)
def _factor(unit: str, wanted: str, molar_mass: float | None) -> float | None:
    """What turns a value in `unit` into `wanted` (UCUM); a molar mass in g/mol bridges mass and amount."""
    if unit == wanted:
        return 1.0
    registry = _registry()
    try:
        have, want = registry.from_ucum(unit), registry.from_ucum(wanted)
        if have.dimensionality == want.dimensionality:
            return float(have.to(want).magnitude)
        if molar_mass is None:
            return None
        molar = molar_mass * registry.from_ucum("g/mol")
        for bridged in (have * molar, have / molar):
            if bridged.dimensionality == want.dimensionality:
                return float(bridged.to(want).magnitude)
    except (pint.PintError, LarkError, ValueError, AttributeError, KeyError, TypeError, ArithmeticError):
        return None
    return None


def warm_up(terms: Terms) -> None:
    """Work out the usual unit conversions once, before the first call needs them."""
    for test in terms.labs.tests.values():
        for unit in ("mg/dL", "umol/L", "mmol/L", "ukat/L", "U/L", "10*9/L", "/uL", "g/L", "s", "ms"):
            _factor(unit, test.unit, test.molar_mass)
