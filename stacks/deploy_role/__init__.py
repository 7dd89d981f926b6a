"""GitHub Actions deploys to an account without stored keys, by a role for each stage.

- GitHub's tokens are exchanged for credentials of an hour or a few. No secret of AWS is in GitHub.
- A role trusts one environment of one repository, and one branch. IDs keep out a later owner of the same name.
- It may assume the roles that ``cdk bootstrap`` made in the account, and do nothing else.
- A second role prepares change sets for a person's review. It cannot execute them.
- The account's provider for GitHub is made, or used if there is one.
- Without a repository, nothing trusts anybody.

Page: docs/deploy-role.md
"""

from stacks.deploy_role.settings import DeployRoleSettings
from stacks.deploy_role.stack import DeployRoleStack

__all__ = ["DeployRoleSettings", "DeployRoleStack"]
