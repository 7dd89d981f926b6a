"""Writes generated texts into pages, between two comments."""


def with_text(page: str, text: str, *, begin: str, end: str) -> str:
    """A page with a text between two comments, which stay.

    :raises ValueError: if the page lacks them.
    """
    before, first, rest = page.partition(begin)
    _, last, after = rest.partition(end)
    if not last:
        raise ValueError(
            f'The page must have "{begin}" and "{end}" where the text belongs. Write both, each on a line.'
        )
    return f"{before}{first}\n\n{text}\n\n{last}{after}"
