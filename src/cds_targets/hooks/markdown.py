"""Text from elsewhere made inert in Markdown: no link, image, HTML or structure can come out of it."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#+!|~&$@:])|(?<=\d)([.)])(?=\s)|(^[-=])", re.MULTILINE)
_SPACE = re.compile(r"\s+")
_AUTOLINK = re.compile(r"(?i)\b(https?|ftp|www)([:.])")


def escape(text: str) -> str:
    """One line of plain text as Markdown that shows exactly that text."""
    flat = _SPACE.sub(" ", text).strip()
    flat = _AUTOLINK.sub(lambda match: f"{match[1]}​{match[2]}", flat)
    return _SPECIAL.sub(lambda match: "\\" + match[0], flat)


def bullets(lines: list[str] | tuple[str, ...]) -> str:
    """Lines as a list; each line is Markdown already."""
    return "\n".join(f"- {line}" for line in lines)
