"""What a person can put right."""


class UserError(Exception):
    """Something that a person can put right, said in one line: what is wrong, and what to do."""
