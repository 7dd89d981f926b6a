"""The questions by AWS domain, except for those about quotas."""
