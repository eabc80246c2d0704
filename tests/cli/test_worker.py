"""How much of a request has arrived, as a worker tells it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_targets.cli.worker import Arrival, arrival

POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("arrived", "state"),
    [
        (b"", "partial"),
        (POST, "partial"),
        (POST + b"\r\n", "whole"),
        (POST + b"Content-Length: 2\r\n\r\n{", "partial"),
        (POST + b"Content-Length: 2\r\n\r\n{}", "whole"),
        (POST + b"content-length:2\r\n\r\n{}POST", "whole"),
        (POST + b"Content-Length: 101\r\n\r\n", "too large"),
        (POST + b"Content-Length: x\r\n\r\n", "whole"),  # refused by the server
        (CHUNKED, "partial"),
        (CHUNKED + b"2\r\n{}\r\n", "partial"),
        (CHUNKED + b"2\r\n{}\r\n0\r\n", "partial"),
        (CHUNKED + b"2\r\n{}\r\n0\r\n\r\n", "whole"),
        (CHUNKED + b"2;x=y\r\n{}\r\n00;x\r\nDigest: z\r\n\r\n", "whole"),
        (CHUNKED + b"1\r\nx\r\n" * 200, "too large"),
        (POST + b"X: " + b"a" * 70_000, "too large"),
    ],
)
def test_t15_a_thread_is_given_to_what_is_whole_or_refused(arrived: bytes, state: str) -> None:
    assert arrival(arrived, 100) == state


@given(body=st.binary(max_size=90), cuts=st.lists(st.integers(0, 200), max_size=4))
def test_a_request_is_whole_exactly_when_its_last_byte_is_there(body: bytes, cuts: list[int]) -> None:
    request = POST + b"Content-Length: %d\r\n\r\n" % len(body) + body
    assert arrival(request, 100) is Arrival.WHOLE
    for cut in cuts:
        if cut < len(request):
            assert arrival(request[:cut], 100) is Arrival.PARTIAL
