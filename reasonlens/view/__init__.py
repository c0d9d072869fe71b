"""A study to look at: a local web app and a single file, both over the same tables.

`index` holds one small row per trace, `document` reads one trace and marks what is known of its text,
`app` serves pages and `report` writes one file. Nothing here changes a study, but for human labels.
"""
