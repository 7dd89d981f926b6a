"""Drills: the alarms of each pattern, evaluated over what AWS sends while something breaks.

Each pattern has a module with its promises. :mod:`patternbook.testing.drills` evaluates them.
"""
