"""The vocabulary of cards as a table for people, written from the conditions themselves."""

from __future__ import annotations

from cds_targets.library.conditions import CONDITIONS, Condition

_OF_EVERY_LINE = {"because", "bind"}


def vocabulary() -> str:
    """Every condition with its keys and what they mean, in Markdown."""
    return "\n".join(_entry(word, condition) for word, condition in CONDITIONS.items()) + "\n"


def _entry(word: str, condition: type[Condition]) -> str:
    said = " ".join((condition.__doc__ or "").split())
    keys = [
        f"  - `{field.alias or name}`{': ' + field.description if field.description else ''}"
        for name, field in condition.model_fields.items()
        if name not in _OF_EVERY_LINE
    ]
    return "\n".join([f"- **`{word}`**: {said}", *keys])
