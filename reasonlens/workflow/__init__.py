"""Where stages are put together: files to traces to counts to estimates.

The command line, the analyses and a notebook call the same functions; nothing here prints.
"""
