"""Asks an account, before a deployment, what would stop it.

A template cannot say whether the account has the service-linked roles, the quotas, the zones, the certificates and the
free names that it needs. ``patternbook preflight`` asks, by calls of boto3 that only read, see
:mod:`patternbook.preflight.cli`. It needs neither Node nor the CDK.
"""
