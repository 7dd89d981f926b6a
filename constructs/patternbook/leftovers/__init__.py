"""Lists what stacks of Patternbook have left in an account.

``patternbook leftovers`` asks CloudFormation, the Resource Groups Tagging API and the services whose resources outlive
a stack, by calls of boto3 that only read, see :mod:`patternbook.leftovers.cli`. It needs neither Node nor the CDK.
"""
