"""Every error of the program that a caller may want to catch.

    CdsTargetsError
    ├── ContentError        a card or term file is wrong: `cards/x.yaml:17: sentence`, all problems at once
    ├── SettingsError       a setting is wrong
    ├── RequestError        the call is not a hook request (HTTP 400)
    ├── UnknownService      no such service (HTTP 404)
    ├── MissingData         required data neither sent nor fetchable (HTTP 412)
    │   └── OtherPatients   what was given is about other patients too: nothing of it is used (HTTP 412)
    ├── StoreUnavailable    what must be kept could not be kept (HTTP 503)
    └── SwitchedOff         the site switched the service off (HTTP 503)

No message ever holds patient data: places (JSON pointers, field names), counts and codes of ours only.
"""

from __future__ import annotations

from dataclasses import dataclass


class CdsTargetsError(Exception):
    """The root of all errors raised on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a content file."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class ContentError(CdsTargetsError):
    """Card or term files that cannot be used; `problems` lists every one found."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda p: (p.file, p.line, p.message))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SettingsError(CdsTargetsError):
    """A setting has a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class FieldIssue:
    """What is wrong with a request at `path` (a JSON pointer or FHIRPath-like path), without its value."""

    path: str
    message: str


class RequestError(CdsTargetsError):
    """The body is not a hook request this service can answer."""

    def __init__(self, issues: list[FieldIssue]) -> None:
        self.issues = issues
        super().__init__("; ".join(f"{issue.path}: {issue.message}" for issue in issues))


class UnknownService(CdsTargetsError):
    """No service of that id is published here."""


class MissingData(CdsTargetsError):
    """Data without which nothing can be said; `keys` are the prefetch keys that would carry it."""

    def __init__(self, keys: tuple[str, ...], sentence: str) -> None:
        self.keys = keys
        self.sentence = sentence
        super().__init__(sentence)


class OtherPatients(MissingData):
    """Answers under `keys` hold `count` entries of other patients: who was asked for was plainly ignored."""

    def __init__(self, keys: tuple[str, ...], count: int) -> None:
        self.count = count
        super().__init__(keys, "the EHR gave records of other patients; nothing was judged")


class StoreUnavailable(CdsTargetsError):
    """The store could not keep or find what it must: nothing is answered as if it had."""


class SwitchedOff(CdsTargetsError):
    """The site switched this service off: it judges nothing, and says so."""
