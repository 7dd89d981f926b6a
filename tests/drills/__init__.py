"""Drills: the alarms of the templates, evaluated over what AWS sends while something breaks.

An event says what is true, minute by minute, and names no alarm (:mod:`tests.drills.events`). The emitters turn it into
the metrics of each service, and know no stack (:mod:`tests.drills.emitters`). The evaluator says when an alarm rings
(:mod:`tests.drills.alarms`).
"""
