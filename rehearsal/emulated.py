"""Compares the records of an emulated account before and after the steps of a rehearsal."""

import re
from collections.abc import Mapping, Sequence

from rehearsal.account import ACCOUNT_ID, REGION, EmulatedAccount
from rehearsal.deployments import Deployments
from rehearsal.running import RehearsalError
from rehearsal.stack import Resource

BOOTSTRAP_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT_ID}-{REGION}"


class EmulatedDeployments(Deployments):
    """Deployments in an account that lists all of its records."""

    account: EmulatedAccount

    def check_nothing_left(self, before: Mapping[str, Sequence[str]], retained: Sequence[Resource]) -> None:
        """Compares the records in the account with those from before the deployment."""
        # The physical id of a registry's setting is the account, which many records contain.
        ids = [resource.physical_id for resource in retained if resource.physical_id != ACCOUNT_ID]
        # The physical id of a queue is its URL. Some stores use the name, which is the end of the URL.
        known = [BOOTSTRAP_BUCKET, *ids, *(each.rpartition("/")[2] for each in ids if "://" in each)]
        # That of a secret is its ARN, which ends with a dash and six characters. The store uses the name.
        known += [each.rpartition(":")[2][: -len("-AbCdEf")] for each in ids if ":secretsmanager:" in each]
        known += self.final_snapshots()
        expected = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, known))})(?![\w-])")
        left = [
            f"{store}: {key}"
            for store, keys in self.account.inventory().items()
            for key in sorted(set(keys) - set(before.get(store, ())))
            if not expected.search(key)
        ]
        if left:
            raise RehearsalError("These records are left in the emulated account:\n" + "\n".join(left))

    def final_snapshots(self) -> list[str]:
        """The snapshots that production leaves of deleted databases."""
        if not self.production:
            return []
        found = self.account.session.client("rds").describe_db_cluster_snapshots()["DBClusterSnapshots"]
        return [each["DBClusterSnapshotIdentifier"] for each in found]
