"""The parts of a genomic Observation: its components by code, and their values as texts. On the hot path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cds_targets.fhir import codes
from cds_targets.fhir.reading import MAX_TEXT, Resource, as_dict, as_list, as_text, codings

Component = dict[str, Any]


@dataclass(slots=True)
class Parts:
    """Components by every code they carry. The extensions of the old genetics profiles count as components.

    `unnamed` are components that carry no code; nothing is guessed from them except a gene of a gene code system.
    """

    by_code: dict[str, list[Component]] = field(default_factory=dict)
    unnamed: list[Component] = field(default_factory=list)
    _texts: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, resource: Resource) -> Parts:
        """Index the components of an Observation."""
        parts = cls()
        found = parts.by_code
        components = resource.get("component")
        for component in components if type(components) is list else as_list(components):
            try:
                for coding in component["code"]["coding"]:
                    code = coding["code"]
                    if code in found:
                        if found[code][-1] is not component:
                            found[code].append(component)
                    else:
                        found[code] = [component]
            except (KeyError, TypeError, AttributeError):
                parts._add_odd(component)
        if "extension" in resource:
            parts._add_extensions(resource["extension"])
        return parts

    def _add_odd(self, component: Any) -> None:
        """A component whose code is missing, malformed or text only."""
        if not isinstance(component, dict):
            return
        known = [coding.code for coding in codings(component.get("code")) if coding.code]
        if not known:
            name = as_text(as_dict(component.get("code")).get("text")).casefold()
            if name in codes.COMPONENT_NAMES:
                known = [codes.COMPONENT_NAMES[name]]
        if not known and any(_is_gene_system(c.system) for c in codings(component.get("valueCodeableConcept"))):
            known = [codes.GENE]
        if not known:
            self.unnamed.append(component)
        for code in known:
            waiting = self.by_code.setdefault(code, [])
            if not any(other is component for other in waiting):
                waiting.append(component)

    def _add_extensions(self, extensions: Any) -> None:
        for extension in as_list(extensions):
            if isinstance(extension, dict):
                name = as_text(extension.get("url")).rsplit("/", 1)[-1]
                code = codes.GENETICS_EXTENSIONS.get(name.removeprefix("observation-").removeprefix("genetics"))
                if code is not None and "genetics" in name:
                    self.by_code.setdefault(code, []).append(extension)

    def __getitem__(self, code: str) -> list[Component]:
        return self.by_code.get(code, [])

    def __contains__(self, code: str) -> bool:
        return code in self.by_code

    def concepts(self, code: str) -> list[Any]:
        """The values of a component code, one CodeableConcept each (a plain string becomes a text)."""
        return [concept for component in self.by_code.get(code, ()) for concept in value_concepts(component)]

    def any_of(self, codes: frozenset[str]) -> bool:
        """Whether one of the component codes is there."""
        return not codes.isdisjoint(self.by_code)

    def only_code(self, code: str) -> Any:
        """The code of a component that comes once with a single coding, the usual case; None for anything else."""
        components = self.by_code.get(code)
        if components is not None and len(components) == 1:
            try:
                given = components[0]["valueCodeableConcept"]["coding"]
                if type(given) is list and len(given) == 1:
                    return given[0]["code"]
            except (KeyError, TypeError):
                return None
        return None

    def values(self, code: str) -> set[str]:
        """Every code given as value of a component code."""
        return {coding.code for concept in self.concepts(code) for coding in codings(concept) if coding.code}

    def texts_of(self, several: Iterable[str]) -> list[str]:
        """The texts of several component codes."""
        return [text for code in several for text in self.texts(code)]

    def texts(self, code: str) -> list[str]:
        """Every code, display and text given as value of a component code."""
        components = self.by_code.get(code)
        if components is None:
            return []
        if code in self._texts:
            return self._texts[code]
        found: list[str] = []
        for component in components:
            concept = component.get("valueCodeableConcept")
            if type(concept) is dict:
                found += spellings(concept)
            elif type(text := component.get("valueString")) is str:
                found.append(text[:MAX_TEXT].strip())
            else:
                for other in value_concepts(component):
                    found += spellings(other)
        self._texts[code] = found
        return found


def value_concepts(part: Resource) -> list[Any]:
    """The value of an Observation, component or extension as CodeableConcepts (a string becomes a text)."""
    for key in ("valueCodeableConcept", "valueCoding"):
        if key in part:
            return as_list(part[key])
    text = part.get("valueString", part.get("valueCode"))
    if isinstance(text, str):
        return [{"text": text}]
    if "extension" not in part:
        return []
    nested = [inner for inner in as_list(part["extension"]) if isinstance(inner, dict)]
    return [concept for inner in nested[:20] for concept in _shallow(inner)]


def _shallow(part: Resource) -> list[Any]:
    return value_concepts({key: value for key, value in part.items() if key != "extension"})


def spellings(concept: Any) -> list[str]:
    """Every way a concept is written: codes, displays, text; each once."""
    if type(concept) is not dict:
        return []
    found: list[str] = []
    given = concept.get("coding")
    for part in given if type(given) is list else codings_as_given(concept):
        if type(part) is dict:
            code, display = part.get("code"), part.get("display")
            if type(code) is str and code:
                found.append(code[:MAX_TEXT].strip())
            if type(display) is str and display and display != code:
                found.append(display[:MAX_TEXT].strip())
    text = concept.get("text")
    if type(text) is str and text and text not in found:
        found.append(text[:MAX_TEXT].strip())
    return found


def codings_as_given(concept: Resource) -> list[Any]:
    """The coding element as a list whatever it is; a bare Coding stands for itself."""
    return as_list(concept.get("coding")) if "coding" in concept else [concept]


def _is_gene_system(system: str) -> bool:
    return any(known in system.casefold() for known in codes.GENE_SYSTEMS)
