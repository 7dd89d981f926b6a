"""Drills: the alarms of a template, evaluated over what AWS sends while something breaks.

An event says what is true, minute by minute, and names no alarm (:mod:`patternbook.testing.drills.events`). The
emitters turn it into the metrics of each service, and know no stack (:mod:`patternbook.testing.drills.emitters`). The
evaluator says when an alarm rings (:mod:`patternbook.testing.drills.alarms`). A test module of a pattern has its
``PATTERN`` and its ``DRILL``, and inherits the tests of :mod:`patternbook.testing.drills.cases`.
"""
