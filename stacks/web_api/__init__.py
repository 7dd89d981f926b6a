"""A web API with sign-in and a table: API Gateway, Cognito, Lambda and DynamoDB.

- An OpenAPI document is the source of the routes. Each requires a token with its scope; there is no other route.
- Users sign in by managed login, with the authorization code grant and PKCE only. Programs may have a client.
- Two functions, for reads and writes, each with a role that may do only that on the one table.
- CodeDeploy shifts traffic to a new version step by step, and back if its alarms ring.
- Items belong to their owner. Updates need the version that was read, and a repeated request creates nothing twice.
- Routes, functions and the table have maximum rates, so that a mistake of a client has a maximum cost.
- Access logs and logs are JSON, and hold no token and no body.
- In production, the table has point-in-time recovery, and the table and the users are protected from deletion.

Page: docs/web-api.md
"""

from stacks.web_api.settings import WebApiSettings
from stacks.web_api.stack import WebApiStack

__all__ = ["WebApiSettings", "WebApiStack"]
