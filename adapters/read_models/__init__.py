"""The read models: views folded from the log into tables, and the typed reads over them.

To add a view: a module with its rows (dataclasses), its tables and one `View`; a line in
`registry.VIEWS`. Its tables are made at the next start and filled from the log's first event.
"""
