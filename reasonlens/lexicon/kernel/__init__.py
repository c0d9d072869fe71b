"""The compiled engine of the word rule, in C; ``docs/kernel.md`` explains its passes."""
