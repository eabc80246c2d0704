"""Text from elsewhere stays text: whatever it contains, Markdown shows it and does nothing with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cds_targets.hooks.markdown import bullets, escape

# CommonMark with tables and strikethrough, HTML allowed: what the official sandbox's renderer understands.
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](https://example.org/track.png)",
    "<https://example.org>",
    "# Stop sotorasib",
    "- stop",
    "+ stop",
    "1. stop",
    "2) stop",
    "> stop",
    "---",
    "===",
    "```\ncode\n```",
    "    indented",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "*stop* **now** __really__ _ok_ ~~gone~~",
    "&lt;b&gt; &copy;",
    "\\*",
    "a\n\n# heading\n\nb",
    "[ref]: https://example.org",
    "Q37*: a stop, and R213*",
]


def shown(markdown: str) -> str:
    """The plain text a reader sees; fails if anything but one paragraph of text comes out."""
    tokens = READER.parse(markdown)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"], tokens
    parts = tokens[1].children or []
    assert {part.type for part in parts} <= {"text", "text_special"}, parts
    return "".join(part.content for part in parts)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_it_was_written(text: str) -> None:
    assert shown(escape(text)).replace("\u200b", "") == " ".join(text.split())


@given(st.text(min_size=1, max_size=60))
def test_any_text_is_shown_as_it_was_written(text: str) -> None:
    flat = " ".join(text.replace("\x00", "").split())
    if flat:
        assert shown(escape(text.replace("\x00", ""))).replace("\u200b", "") == flat.replace("\u200b", "")


@pytest.mark.parametrize("text", ["https://example.org", "http://a", "ftp://a", "www.example.org", "mailto:a@b.org"])
def test_an_address_cannot_become_a_link_by_itself(text: str) -> None:
    assert text not in escape(text)


@pytest.mark.parametrize(
    "text", ["last dose: 2026-03-01", "AOH1996 + X: key criteria open", "3.4 x ULN", "TPS 50 %", "p. 12 (exon 2)"]
)
def test_ordinary_clinical_words_are_left_as_they_are(text: str) -> None:
    assert escape(text) == text


def test_bullets_are_one_line_each() -> None:
    assert bullets(["a", "b"]) == "- a\n- b"
