"""Statistics: arrays in, numbers with their uncertainty out.

``arrays`` and ``contrast`` know NumPy and SciPy only and work on sums per problem, so that
memory is bounded by the number of problems. ``sums`` reduces counted traces to such sums batch
by batch; ``rates`` and ``comparisons`` turn them into rows of the ``estimates`` table.
"""
