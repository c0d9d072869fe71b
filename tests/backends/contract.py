"""What every backend must do: run over all of them, in the main suite and with the real engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reasonlens.backends import (
    CARRIERS,
    FINISHES,
    Backend,
    BanHandle,
    Completion,
    GenerationRequest,
    SamplingParams,
)
from reasonlens.core.errors import BackendError
from tests.backends.stub_ban import StubBan

SAMPLING = SamplingParams(top_p=1.0, max_tokens=40)
PROMPT = "What is 2 + 3? Think it over. "


def ask(n: int, ban: BanHandle | None = None, first: int = 0) -> list[GenerationRequest]:
    return [GenerationRequest(f"r{i}", PROMPT, i, ban) for i in range(first, first + n)]


def by_id(found: list[Completion]) -> dict[str, Completion]:
    assert len({c.request_id for c in found}) == len(found)
    return {c.request_id: c for c in found}


class Contract:
    """Subclasses have a fixture `backend`; `seeds_hold` if a seed gives the same text again."""

    seeds_hold = True

    @pytest.fixture
    def backend(self) -> Backend:
        raise NotImplementedError

    def test_every_request_gets_one_completion(self, backend: Backend) -> None:
        found = by_id(list(backend.generate(iter(ask(21)), SAMPLING)))
        assert set(found) == {f"r{i}" for i in range(21)}
        for completion in found.values():
            assert completion.finish in FINISHES
            assert completion.finish != "error", completion.problem
            assert completion.n_tokens is None or 0 < completion.n_tokens <= 40
            assert completion.text

    def test_no_request_gives_no_completion(self, backend: Backend) -> None:
        assert list(backend.generate([], SAMPLING)) == []

    def test_requests_are_taken_as_they_can_be_worked_on(self, backend: Backend) -> None:
        taken = 0

        def endless() -> object:
            nonlocal taken
            while True:
                yield ask(1, first=taken)[0]
                taken += 1

        stream = backend.generate(endless(), SAMPLING)
        assert next(stream).finish != "error"
        stream.close()
        assert taken < 2_000

    def test_seeds_differ(self, backend: Backend) -> None:
        assert len({c.text for c in backend.generate(ask(12), SAMPLING)}) > 6

    def test_a_seed_gives_the_same_text_again_whatever_is_beside_it(self, backend: Backend) -> None:
        if not self.seeds_hold:
            pytest.skip("this backend promises nothing of seeds")
        together = by_id(list(backend.generate(ask(9), SAMPLING)))
        alone = by_id([c for i in (7, 2) for c in backend.generate(ask(1, first=i), SAMPLING)])
        assert {i: c.text for i, c in alone.items()} == {i: together[i].text for i in ("r7", "r2")}

    def test_temperature_0_has_no_luck(self, backend: Backend) -> None:
        texts = {c.text for c in backend.generate(ask(4), replace(SAMPLING, temperature=0.0))}
        assert len(texts) == 1

    def test_the_limit_ends_a_text(self, backend: Backend) -> None:
        for completion in backend.generate(ask(4), replace(SAMPLING, max_tokens=3)):
            assert (completion.finish, completion.n_tokens) == ("length", 3)

    def test_a_ban_that_it_cannot_carry_is_refused(self, backend: Backend) -> None:
        ban = StubBan(carriers=("processor",), name="soundless")
        if "processor" in backend.capabilities().carriers:
            ban = StubBan(carriers=(), name="soundless")
        with pytest.raises(BackendError, match="cannot carry the ban 'soundless'"):
            list(backend.generate(ask(1, ban), SAMPLING))

    def test_capabilities_are_of_the_known_kinds(self, backend: Backend) -> None:
        can = backend.capabilities()
        assert set(can.carriers) <= set(CARRIERS)
        assert can.seeds in ("request", "batch", "none")
        assert can.logprobs >= 0

    def test_a_stop_text_ends_a_text_and_is_cut_off(self, backend: Backend, stop_text: str = "a") -> None:
        plain = by_id(list(backend.generate(ask(6), SAMPLING)))
        cut = by_id(list(backend.generate(ask(6), replace(SAMPLING, stop=(stop_text,)))))
        stopped = 0
        for name, completion in cut.items():
            assert stop_text not in completion.text
            if self.seeds_hold and stop_text in plain[name].text:
                stopped += 1
                assert completion.finish == "stop"
                assert completion.text == plain[name].text.partition(stop_text)[0]
        assert stopped or not self.seeds_hold


Make = Callable[..., Backend]
