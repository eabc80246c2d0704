"""Text from elsewhere made inert in Markdown: no link, image, HTML or structure can come out of it."""

from __future__ import annotations

import re

# Characters that mean something anywhere in a line; the signs of lists and headings only where a line begins. A
# colon needs no sign of its own: addresses lose theirs below, and "[x]: y" is already no reference.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~&$@])|^([-=+#])|^(\d+)([.)])(?=\s|$)")
_SPACE = re.compile(r"\s+")
_AUTOLINK = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*)(:)(?=//)|\b(www)(\.)|\b(mailto|xmpp)(:)")
_NOTHING = "\u200b"  # a space of no width


def escape(text: str) -> str:
    """One line of plain text as Markdown that shows exactly that text."""
    flat = _SPACE.sub(" ", text).strip()
    flat = _AUTOLINK.sub(lambda match: "".join(f"{part}{_NOTHING}" for part in match.groups() if part), flat)
    return _SPECIAL.sub(_escaped, flat)


def _escaped(match: re.Match[str]) -> str:
    if match[3]:
        return f"{match[3]}\\{match[4]}"
    return "\\" + match[0]


def bullets(lines: list[str] | tuple[str, ...]) -> str:
    """Lines as a list; each line is Markdown already."""
    return "\n".join(f"- {line}" for line in lines)
