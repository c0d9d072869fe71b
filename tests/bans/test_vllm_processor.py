"""The processor of vLLM in this process, driven as both model runners drive it, against the reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.bans import Ban
from reasonlens.bans import vllm_processor as module
from reasonlens.bans.vllm_processor import ban_of, processor_class
from reasonlens.bans.vocabulary import Vocabulary
from tests.bans.making import sentence_piece, vocabularies
from tests.bans.reference import forbidden
from tests.bans.stubs import V1, V2, BatchUpdate, Direction, LogitsContext, Params, Slots, config

ENTRIES = ["wait", "hold on", "so", "等", "let's", "on"]
Processor = processor_class(V1, V2)
SMALL = Vocabulary((b" wait", b" wa", b"it", b" x", b"", b" so"), {4: "<|end|>"})


@pytest.fixture
def vocabulary(monkeypatch: pytest.MonkeyPatch) -> Vocabulary:
    monkeypatch.setattr(module, "_vocabulary", lambda model: SMALL)
    return SMALL


def params(*words: str, seed: int | None = None, **options: Any) -> Params:
    return Params(dict(Ban(words, **options).bind().vllm_arguments()), seed)


def host(width: int = 8) -> Any:
    return Processor(config("t", width), torch.device("cpu"), False)


def device(slots: Slots, width: int = 8) -> Any:
    return Processor(config("t", width), slots)


def masked(logits: torch.Tensor) -> list[set[int]]:
    return [set(torch.nonzero(row == -torch.inf).flatten().tolist()) for row in logits]


def test_one_class_is_both_interfaces() -> None:
    assert issubclass(Processor, V1)
    assert issubclass(Processor, V2)
    assert issubclass(processor_class(V1), V1)
    assert not processor_class(V1).__abstractmethods__ | Processor.__abstractmethods__
    assert not Processor.is_argmax_invariant(None)


def test_the_path_that_engines_are_given_is_the_class() -> None:
    path, _, name = Ban(["wait"]).bind().processor_path.partition(":")
    assert path == module.__name__
    assert getattr(module, name) is module.BanProcessor


def test_what_cannot_be_carried_is_refused_at_admission() -> None:
    check = Processor.validate_params
    check(Params())
    check(params("wait"))
    with pytest.raises(ValueError, match="does not work together with structured outputs"):
        check(Params(params("wait").extra_args, structured_outputs={"choice": ["wait"]}))
    check(Params(structured_outputs={"choice": ["wait"]}))
    with pytest.raises(ValueError, match="must be a string"):
        check(Params({"reasonlens_ban": ["wait"]}))
    with pytest.raises(ValueError, match="this is no ban"):
        check(Params({"reasonlens_ban": "wait"}))
    with pytest.raises(ValueError, match="mode 'bad_words' is vLLM's own"):
        check(params("wait", mode="bad_words"))
    with pytest.raises(ValueError, match="mode 'soft' of a ban is none of complete, boundary"):
        check(Params({"reasonlens_ban": json.dumps({"words": ["wait"], "mode": "soft"})}))


def test_speculative_decoding_is_refused_at_start(vocabulary: Vocabulary) -> None:
    with pytest.raises(ValueError, match="does not work with speculative decoding"):
        Processor(config("t", 8, speculative=object()), torch.device("cpu"), False)


def test_the_tokenizer_is_that_of_the_engine(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps(sentence_piece()), encoding="utf-8")
    processor = Processor(config(str(tmp_path), 9), torch.device("cpu"), False)
    processor.update_state(BatchUpdate(1, [], [(0, params("wait"), [5], [])], []))
    assert masked(processor.apply(torch.zeros(1, 9))) == [{2}]


def test_host_rows_come_go_and_move(vocabulary: Vocabulary) -> None:
    processor = host()
    outputs: list[list[int]] = [[], [], []]
    wait, so, none = params("wait"), params("so"), Params()
    processor.update_state(
        BatchUpdate(3, [], [(i, p, [3], outputs[i]) for i, p in enumerate((wait, so, none))], [])
    )
    assert masked(processor.apply(torch.zeros(3, 8))) == [{0}, {5}, set()]
    for output in outputs:
        output.append(1)
    processor.update_state(None)
    assert masked(processor.apply(torch.zeros(3, 8))) == [{0, 2}, {5}, set()]
    processor.update_state(BatchUpdate(3, [], [], [(0, 1, Direction.SWAP)]))
    assert masked(processor.apply(torch.zeros(3, 8))) == [{5}, {0, 2}, set()]
    processor.update_state(BatchUpdate(2, [0], [], [(1, 0, Direction.UNIDIRECTIONAL)]))
    outputs[0].append(3)
    assert masked(processor.apply(torch.zeros(2, 8))) == [{0}, set()]
    processor.update_state(BatchUpdate(2, [], [(0, none, None, []), (1, so, None, [])], []))
    assert masked(processor.apply(torch.zeros(2, 8))) == [set(), {5}]


def test_a_request_without_a_ban_is_left_bit_for_bit(vocabulary: Vocabulary) -> None:
    processor = host()
    processor.update_state(BatchUpdate(2, [], [(0, Params(), [3], []), (1, params("wait"), [3], [])], []))
    logits = torch.randn(2, 8)
    before = logits.clone()
    processor.apply(logits)
    assert torch.equal(logits[0], before[0])
    assert torch.equal(logits[1, 1:], before[1, 1:])


def test_tokens_that_are_not_known_yet_are_an_error(vocabulary: Vocabulary) -> None:
    processor = host()
    processor.update_state(BatchUpdate(1, [], [(0, params("wait"), [3], [-1])], []))
    with pytest.raises(RuntimeError, match="register the processor with logits_processors"):
        processor.apply(torch.zeros(1, 8))


def test_slots_are_reused(vocabulary: Vocabulary) -> None:
    slots = Slots(2, 16, 8)
    processor = device(slots)
    for words, expected in ((["wait"], {0, 2}), ([], set()), (None, set()), (["so"], {5})):
        slots.fill(1, [3, 1], [])
        request = Params() if words is None else params(*words)
        assert processor.add_request(1, request) == (words is not None)
        processor.apply_staged_writes()
        assert masked(processor.apply(torch.zeros(1, 8), LogitsContext.of(slots, [1]))) == [expected]
        slots.append(1, 3)
        again = masked(processor.apply(torch.zeros(1, 8), LogitsContext.of(slots, [1])))
        assert again == [expected - {2}]


def test_a_step_without_a_new_token_changes_nothing(vocabulary: Vocabulary) -> None:
    """A long prompt is read in pieces: there are rows before its end."""
    slots = Slots(1, 16, 8)
    processor = device(slots)
    slots.fill(0, [3, 1], [])
    processor.add_request(0, params("wait"))
    processor.apply_staged_writes()
    for _ in range(3):
        assert masked(processor.apply(torch.zeros(1, 8), LogitsContext.of(slots, [0]))) == [{0, 2}]


@pytest.mark.parametrize("n_before", [0, 1, 3])
def test_coins_and_phases_are_the_same_after_a_preemption(vocabulary: Vocabulary, n_before: int) -> None:
    request = params("wait", probability=0.5, phase="first_quarter", max_tokens=40, seed=7)
    tokens = [3] * 14
    whole = Slots(1, 32, 8)
    processor = device(whole)
    whole.fill(0, [3], [])
    processor.add_request(0, request)
    processor.apply_staged_writes()
    expected = []
    for token in tokens:
        expected += masked(processor.apply(torch.zeros(1, 8), LogitsContext.of(whole, [0])))
        whole.append(0, token)
    assert {frozenset(x) for x in expected[:10]} == {frozenset(), frozenset({0})}
    assert expected[10:] == [set()] * 4  # after a quarter of 40 tokens
    resumed = Slots(1, 32, 8)
    other = device(resumed)
    resumed.fill(0, [3], tokens[:n_before])
    other.add_request(0, request)
    other.apply_staged_writes()
    for place in range(n_before, len(tokens)):
        assert masked(other.apply(torch.zeros(1, 8), LogitsContext.of(resumed, [0]))) == [expected[place]]
        resumed.append(0, tokens[place])
    outputs: list[int] = []
    third = host()
    third.update_state(BatchUpdate(1, [], [(0, request, [3], outputs)], []))
    for place, token in enumerate(tokens):
        assert masked(third.apply(torch.zeros(1, 8))) == [expected[place]]
        outputs.append(token)


def test_a_graded_ban_adds_its_penalty(vocabulary: Vocabulary) -> None:
    processor = host()
    processor.update_state(BatchUpdate(1, [], [(0, params("wait", "so", penalty=-2.5), [3], [])], []))
    assert processor.apply(torch.ones(1, 8)).tolist() == [[-1.5, 1, 1, 1, 1, -1.5, 1, 1]]


def test_a_vocabulary_larger_than_the_logits_is_cut(vocabulary: Vocabulary) -> None:
    processor = host(width=4)
    processor.update_state(BatchUpdate(1, [], [(0, params("wait", "so"), [3], [])], []))
    assert masked(processor.apply(torch.zeros(1, 4))) == [{0}]


words = st.lists(st.sampled_from(ENTRIES), max_size=3, unique=True)


@given(st.data())
@settings(max_examples=80)
def test_both_interfaces_are_the_slow_reference(data: st.DataObject) -> None:
    known = data.draw(vocabularies())
    n, width = 3, len(known) + data.draw(st.integers(0, 2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_vocabulary", lambda model: known)
        slots = Slots(n, 40, width)
        on_host, on_device = host(width), device(slots, width)
    ids = st.integers(0, len(known) - 1)
    bans: list[list[str]] = [[] for _ in range(n)]
    prompts: list[list[int]] = [[] for _ in range(n)]
    outputs: list[list[int]] = [[] for _ in range(n)]

    def enter(slot: int, output: list[int]) -> None:
        outputs[slot] = output
        slots.fill(slot, prompts[slot], output)
        request = params(*bans[slot]) if bans[slot] else Params()
        on_device.add_request(slot, request)
        on_host.update_state(BatchUpdate(n, [], [(slot, request, prompts[slot], output)], []))

    for slot in range(n):
        bans[slot], prompts[slot] = data.draw(words), data.draw(st.lists(ids, min_size=1, max_size=4))
        enter(slot, [])
    for _ in range(data.draw(st.integers(1, 5))):
        what = data.draw(st.sampled_from(["", "", "new", "again"]))
        slot = data.draw(st.integers(0, n - 1))
        if what == "new":  # the slot goes to another request
            bans[slot], prompts[slot] = data.draw(words), data.draw(st.lists(ids, min_size=1, max_size=4))
            enter(slot, [])
        elif what == "again":  # preempted, and back
            enter(slot, list(outputs[slot]))
        on_device.apply_staged_writes()
        order = data.draw(st.permutations(range(n)))
        found = masked(on_device.apply(torch.zeros(n, width), LogitsContext.of(slots, order)))
        by_slot = dict(zip(order, found, strict=True))
        on_host.update_state(None)
        assert masked(on_host.apply(torch.zeros(n, width))) == [by_slot[s] for s in range(n)]
        for s in range(n):
            assert by_slot[s] == forbidden(bans[s], known, prompts[s], outputs[s])
            token = data.draw(ids)
            outputs[s].append(token)
            slots.append(s, token)


def test_no_argument_is_no_ban() -> None:
    assert ban_of(Params()) is None
    assert ban_of(Params({"other": 1})) is None
    assert ban_of(object()) is None
