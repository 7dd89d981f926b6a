"""Quotas of the account, against what exists and what a template adds."""
