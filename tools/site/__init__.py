"""The static site: a gallery of the patterns, and every page of the book. ``make site`` builds it."""
