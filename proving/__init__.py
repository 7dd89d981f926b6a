"""Proves a pattern in a real AWS account: ``make prove STACK=… STAGE=…``.

It takes one stack through its whole life, by the steps that a rehearsal takes in an emulated account
(:mod:`rehearsal.deployments`), breaks one thing on purpose (:mod:`proving.breaks`), and measures how long its alarm
takes. It only reads until the user has typed the id of the account. The record of all steps is a file in
``docs/proven/`` (:mod:`proving.record`), from which :mod:`tools.proven` writes what the pages say about AWS.
"""
