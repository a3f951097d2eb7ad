"""Is it right: the source before anything is replaced, no other run at the same time, the checks, the answers."""
