"""Keys, addresses, prices and plans."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.calls import Endpoint, Request, Sampling, body_of, request_key
from reasonlens.calls.journal import Journal, Stored
from reasonlens.calls.keys import api_key, check_address, is_local, redacted
from reasonlens.calls.plan import plan
from reasonlens.calls.prices import Price, load
from reasonlens.core.errors import DefinitionError, InputError

HERE = Endpoint("http://127.0.0.1:8000/v1", "m")
REQUEST = Request((("user", "text"),), {"type": "object"}, salt="v1")


def test_the_key_of_a_request_is_what_decides_on_its_answer() -> None:
    base = request_key(HERE, Sampling(), REQUEST)
    others = [
        request_key(dataclasses.replace(HERE, model="n"), Sampling(), REQUEST),
        request_key(dataclasses.replace(HERE, base_url="http://127.0.0.1:9000/v1"), Sampling(), REQUEST),
        request_key(dataclasses.replace(HERE, form="text"), Sampling(), REQUEST),
        *(
            request_key(HERE, dataclasses.replace(Sampling(), **{name: value}), REQUEST)
            for name, value in (("temperature", 1.0), ("top_p", 0.5), ("seed", 1), ("max_tokens", 5))
        ),
        *(
            request_key(HERE, Sampling(), dataclasses.replace(REQUEST, **{name: value}))
            for name, value in (
                ("messages", (("user", "other"),)),
                ("schema", None),
                ("schema_name", "x"),
                ("salt", "v2"),
                ("repeat", 1),
            )
        ),
    ]
    assert len({base, *others}) == 13
    same = [
        request_key(dataclasses.replace(HERE, key_env="OTHER"), Sampling(), REQUEST),
        request_key(dataclasses.replace(HERE, headers={"x": "y"}), Sampling(), REQUEST),
        request_key(dataclasses.replace(HERE, base_url="http://127.0.0.1:8000/v1/"), Sampling(), REQUEST),
    ]
    assert set(same) == {base}


def test_every_setting_of_sampling_is_in_the_key() -> None:
    assert {f.name for f in dataclasses.fields(Sampling)} == {"temperature", "top_p", "seed", "max_tokens"}
    known = "e6b7150b"  # journals of earlier versions stay valid
    assert request_key(HERE, Sampling(), REQUEST)[:8] == known


def test_openai_and_others_differ_in_one_name() -> None:
    assert body_of(Endpoint(), Sampling(max_tokens=7), REQUEST)["max_completion_tokens"] == 7
    assert body_of(HERE, Sampling(max_tokens=7), REQUEST)["max_tokens"] == 7


def test_a_key_comes_from_the_environment() -> None:
    endpoint = Endpoint()
    assert api_key(endpoint, {"OPENAI_API_KEY": "sk-abc"}) == "sk-abc"
    with pytest.warns(UserWarning, match="white space around the key in OPENAI_API_KEY was ignored"):
        assert api_key(endpoint, {"OPENAI_API_KEY": "sk-abc\n"}) == "sk-abc"
    with pytest.raises(InputError, match="needs a key: set the environment variable OPENAI_API_KEY"):
        api_key(endpoint, {})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert api_key(HERE, {}) is None


@given(st.text(min_size=1).filter(lambda s: s.strip() and any(not "!" <= c <= "~" for c in s.strip())))
def test_a_bad_key_is_not_shown(key: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(InputError) as error:
            api_key(Endpoint(), {"OPENAI_API_KEY": key})
    assert str(error.value) == "the key in OPENAI_API_KEY has characters that no key has; copy it again"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("ftp://host/v1", "is no address of a server"),
        ("localhost:8000", "is no address of a server"),
        ("http://user:pass@host/v1", "holds a user name, a password or a query"),
        ("https://host/v1?key=abc", "holds a user name, a password or a query"),
        ("http://example.org/v1", "is not encrypted; use https"),
    ],
)
def test_an_address_that_could_leak_is_refused(address: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_address(address)


def test_addresses_that_are_safe() -> None:
    for address in (
        "https://api.openai.com/v1",
        "http://127.0.0.1:1/v1",
        "http://192.168.1.5/v1",
        "http://[::1]:1/v1",
    ):
        check_address(address)
    check_address("http://example.org/v1", insecure=True)
    assert [is_local(a) for a in ("http://10.0.0.1/v1", "http://localhost/v1", "https://8.8.8.8/v1")] == [
        1,
        1,
        0,
    ]


def test_keys_are_taken_out_of_texts() -> None:
    text = "Authorization: Bearer abc.def and sk-abcdefghijklmnop and mysecret"
    assert redacted(text, "mysecret") == "Authorization: Bearer [key] and sk-abcdef[key] and [key]"


def test_the_shipped_prices() -> None:
    prices = load()
    assert prices.of(Endpoint()) == Price(2.5, 1.25, 10.0, 0.5)
    assert prices.of(Endpoint(model="nobody")) is None
    assert prices.of(HERE) == Price(0.0, 0.0, 0.0)
    assert len(prices.date) == 10


def test_a_worked_price() -> None:
    # 1,000 traces of 8,000 tokens with 1,500 tokens of rules and 500 of answer (facts of the price list)
    one = Price(2.5, 1.25, 10.0, 0.5).of(9_500, 350)
    assert one == pytest.approx(0.02725)
    assert Price(2.5, 1.25, 10.0, 0.5).of(9_500, 350, batch=True) == pytest.approx(0.013625)


def test_a_price_table_with_a_mistake_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text('date = "2026-01-01"\n[[model]]\nnames = ["a"]\ninput = 1\n')
    with pytest.raises(DefinitionError, match=r"prices\.toml is no price table \(KeyError: 'output'\)"):
        load(path)


def test_a_plan_counts_calls_and_money(tmp_path: Path) -> None:
    endpoint = Endpoint()
    requests = [
        Request((("user", "x" * 900),)),
        Request((("user", "y" * 900),)),
        Request((("user", "x" * 900),)),
    ]
    with Journal(tmp_path / "j.sqlite") as journal:
        key = request_key(endpoint, Sampling(), requests[1])
        journal.put(key, Stored(0, 200, b"{}", 0.1, "m", 1.0)).result()
        found = plan(requests, endpoint, Sampling(max_tokens=1000), journal)
    assert (found.requests, found.calls, found.from_journal, found.duplicates) == (3, 2, 0, 1)
    found = plan(requests, endpoint, Sampling(), None)
    assert found.prompt_tokens == (400, 720)
    assert found.completion_tokens == (500, 4000)
    assert found.cost == pytest.approx(((400 * 2.5 + 500 * 10) / 1e6, (720 * 2.5 + 4000 * 10) / 1e6))
    assert plan(requests, Endpoint(model="nobody"), Sampling(), None).cost is None
    assert found.seconds(2) == 6.0


def test_an_address_that_is_none_is_said_before_a_key_is_missing() -> None:
    with pytest.raises(InputError, match=r"^localhost:8000 is no address of a server; it looks like http"):
        api_key(Endpoint("localhost:8000", "m"), {})
