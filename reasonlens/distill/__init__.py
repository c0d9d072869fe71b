"""From traces to a training set, and from that to a model: what each step is made of.

`shingles`, `choose`, `contamination` and `rows` curate, `account` says what went in and out, `settings`
reads presets, `sft` and `rl` train with TRL, `rewards` are the reward functions. ``reasonlens.workflow``
brings traces, grades and structure.
"""
