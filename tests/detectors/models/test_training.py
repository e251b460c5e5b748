import math

import msgspec
import pytest

from detectors.models.training import decode_row, encode_row
from tests.detectors.rows import row


def test_a_row_comes_back_as_it_was_sent() -> None:
    labelled = row(7, features=(0.1, 1 / 3, 1.0), label="bad", label_source="dispute")
    for sent in (row(7), labelled, row(8, suspicious=True)):
        assert decode_row(encode_row(sent)) == sent


def test_an_unlabelled_row_says_nothing_of_labels() -> None:
    assert b"label" not in encode_row(row(1))


@pytest.mark.parametrize(
    "broken",
    [
        encode_row(row(1)).replace(b'"suspicious":false', b'"suspicious":1'),
        encode_row(row(1, label="bad")).replace(b'"bad"', b'"odd"'),
        encode_row(row(1, features=(0.25, math.nan))),  # msgspec writes null for it
        b'{"event_id":"e1"}',
        b"",
    ],
)
def test_a_row_that_is_no_row_is_refused(broken: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_row(broken)
