"""The checks of a verification, one module a subject. Each sees every event that concerns it once,
in the order of the log, and closes with what the tables say."""
