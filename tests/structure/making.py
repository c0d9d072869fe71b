"""Steps and matchers for tests."""

from __future__ import annotations

from hypothesis import strategies as st

from reasonlens.structure import KINDS, Step


class Same:
    """Texts match if they are equal."""

    def meta(self, teacher: Step, student: Step) -> str:
        return "Yes. Yes. Yes." if teacher.meta == student.meta else "No"

    def query(self, teacher: Step, student: Step) -> str:
        return "yes" if teacher.query == student.query else "no"

    def answer(self, teacher: Step, student: Step) -> str:
        return "yes" if teacher.answer == student.answer else "no"


def plan(*steps: str) -> list[Step]:
    """``plan("a q 1")`` is one step with reason a, question q and answer 1."""
    return [Step(*text.split()) for text in steps]


few = st.sampled_from("abc")
plans = st.lists(st.builds(Step, few, few, few, st.sampled_from(KINDS)), max_size=7)
