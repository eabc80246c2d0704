"""JSON decoded strictly: what is refused, and that nothing repeated slips through."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_targets.errors import RequestError
from cds_targets.fhir.reading import MAX_DEPTH, decode

REFUSED = [
    b"",
    b"{",
    b"{} {}",
    b"NaN",
    b"[Infinity]",
    b"1e999",
    b'"\xff"',
    b'"\\ud800"',
    b'"\\u0000"',
    b"\xef\xbb\xbf{}",
    "{}".encode("utf-16"),
    b"[" * 100_000,
    b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    b'{"a":1,"a":2}',
    b'{"a" :1,"a":2}',
    b'{"a"\n:1,"a"\t:2}',
    b'{"x":[{"status":"entered-in-error","status":"final"}]}',
    b'{"a":"\\u0022","a":"\\u0022\\u0022"}',
    b'{"\\u0061":1,"a":2}',
    b'{"a":"\\"","a":1}',
]


@pytest.mark.parametrize("body", REFUSED, ids=range(len(REFUSED)))
def test_what_is_not_strict_json_is_refused(body: bytes) -> None:
    with pytest.raises(RequestError):
        decode(body)


TAKEN: list[tuple[bytes, Any]] = [
    (b'{"a" : [1, {"a": "x : y"}]}', {"a": [1, {"a": "x : y"}]}),
    (b'["\\u0022", "\\"", "a\\/b"]', ['"', '"', "a/b"]),
    (b'"[[[[" ', "[[[["),
    (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, None),
    (b'{"text":"' + b"[" * 200 + b'"}', {"text": "[" * 200}),
]


@pytest.mark.parametrize(("body", "value"), TAKEN, ids=range(len(TAKEN)))
def test_what_is_strict_json_is_taken(body: bytes, value: Any) -> None:
    assert value is None or decode(body) == value
    decode(body)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text().filter(lambda text: "\0" not in text),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda text: "\0" not in text), inner),
    max_leaves=30,
)


@given(PLAIN, st.sampled_from([None, 1]), st.booleans())
def test_any_json_comes_back_as_it_was(value: Any, indent: int | None, ascii_only: bool) -> None:
    assert decode(json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()) == value


@given(st.text(min_size=1, max_size=5), PLAIN, PLAIN, st.sampled_from([":", " : ", "\n:"]), st.booleans())
def test_a_repeated_key_is_always_refused(key: str, first: Any, second: Any, colon: str, ascii_only: bool) -> None:
    name = json.dumps(key, ensure_ascii=ascii_only)
    one, two = (json.dumps(value, ensure_ascii=ascii_only) for value in (first, second))
    body = f"[{{{name}{colon}{one},{name}:{two}}}]"
    with pytest.raises(RequestError):
        decode(body.encode())
