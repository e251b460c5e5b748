import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import SellerwatchError
from streams.signing import SignatureError, sign, unverified, verify

OLD, NEW, OTHER = b"old key of ours!", b"new key of ours!" * 2, b"somebody else's key"


@given(st.binary(max_size=200))
def test_what_we_signed_comes_back(payload: bytes) -> None:
    assert verify([OLD], sign(OLD, payload)) == payload


def test_while_keys_change_both_are_accepted() -> None:
    for key in (OLD, NEW):
        assert verify([NEW, OLD], sign(key, b"model")) == b"model"


def test_a_key_that_is_out_of_force_is_refused() -> None:
    for keys in ([NEW], [OTHER, NEW]):
        with pytest.raises(SignatureError, match="none of the keys"):
            verify(keys, sign(OLD, b"model"))


@given(st.data())
def test_any_changed_byte_is_refused(data: st.DataObject) -> None:
    signed = bytearray(sign(OLD, b"a model, and what it learned"))
    signed[data.draw(st.integers(0, len(signed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SignatureError):
        verify([OLD], bytes(signed))


@given(st.integers(0, 40))
def test_a_cut_or_longer_one_is_refused(length: int) -> None:
    signed = sign(OLD, b"five.")
    with pytest.raises(SignatureError):
        verify([OLD], signed[:length])
    with pytest.raises(SignatureError):
        verify([OLD], signed + b"x")


def test_a_model_does_not_pass_as_a_policy() -> None:
    with pytest.raises(SignatureError, match="another purpose"):
        verify([OLD], sign(OLD, b"bytes", purpose=b"model"), purpose=b"policy")
    with pytest.raises(SignatureError):
        verify([OLD], sign(OLD, b"bytes", purpose=b"polic"), purpose=b"policy")


def test_a_bare_mac_of_the_same_key_does_not_pass() -> None:
    webhook_like = hmac.digest(OLD, b"payload", hashlib.sha256)
    with pytest.raises(SignatureError, match="none of the keys"):
        verify([OLD], sign(OLD, b"payload")[:4] + webhook_like + b"payload")


def test_unsigned_bytes_and_unknown_versions_are_told_apart() -> None:
    with pytest.raises(SignatureError, match="not signed"):
        verify([OLD], b"SWCO\x01 a snapshot as it is")
    with pytest.raises(SignatureError, match="unknown version"):
        verify([OLD], b"SWS\x02" + sign(OLD, b"x")[4:])


def test_a_trusted_file_is_opened_without_a_key_but_not_without_the_form() -> None:
    assert unverified(sign(OTHER, b"model")) == b"model"
    for broken in (b"model", b"", sign(OTHER, b"")[:-1]):
        with pytest.raises(SignatureError, match="not signed"):
            unverified(broken)


def test_the_format_is_the_one_that_older_versions_wrote() -> None:
    assert (
        sign(OLD, b"model").hex()
        == "535753019ad25ddd5ea20447694ef4373b81e3b0d9dec416369e5c7f2e6f4efdbe92918a6d6f64656c"
    )


def test_a_short_key_or_none_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        sign(b"short", b"")
    with pytest.raises(ValueError, match="at least 16 bytes"):
        verify([b""], sign(OLD, b""))
    with pytest.raises(ValueError, match="no key"):
        verify([], sign(OLD, b""))
    assert issubclass(SignatureError, SellerwatchError)
