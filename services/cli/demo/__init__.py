"""A book of loans played through its whole life, against the real stack and the stand-in bank."""
