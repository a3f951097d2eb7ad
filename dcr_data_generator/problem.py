"""What a person can put right."""


class Problem(Exception):  # noqa: N818 - a person reads the word
    """Something that a person can put right, said in one line: what is wrong, and what to do."""
