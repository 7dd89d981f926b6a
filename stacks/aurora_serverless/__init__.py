"""Aurora Serverless v2 with PostgreSQL, a schema that deployments migrate, and a function that uses it.

- The database scales by load. In sandbox it pauses when nobody uses it. In production a reader can take over.
- No security group admits anybody. Functions use the Data API, and other clients need TLS.
- A deployment migrates the schema in one transaction, and a rollback migrates it back. No migration deletes data.
- The application's database user owns nothing. It may only read and write rows of its tables.
- Only the migration function reads the administrator's secret. Both secrets rotate by themselves.
- The function survives a resume of the database: it tries again until a deadline below its timeout.
- Backups restore any second. Production encrypts with its own key and protects the cluster from deletion.
- Alarms ring for a database that is down, full or overloaded, and for failed logins and migrations.

Page: docs/aurora-serverless.md
"""

from stacks.aurora_serverless.settings import AuroraServerlessSettings
from stacks.aurora_serverless.stack import AuroraServerlessStack

__all__ = ["AuroraServerlessSettings", "AuroraServerlessStack"]
