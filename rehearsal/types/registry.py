"""Registers CloudFormation types and stores of records in MiniStack.

Only this module, ``actions``, ``calls``, ``conditions``, ``replacements`` and ``rollbacks`` use MiniStack's internals.
The other modules call plain functions of MiniStack's services (one for each API action) and read their stores. So a new
version of MiniStack needs changes in few places. ``tests/rehearsal/test_ministack.py`` lists each private name that
these modules use, and its purpose.
"""

import functools
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict
from ministack.services.cloudformation import drift, provisioners

from rehearsal.types.shapes import Properties

Provisioned = tuple[str, dict[str, Any]]
"""The value of ``Ref``, and the values of ``Fn::GetAtt`` by attribute."""

physical_name = provisioners._physical_name
"""``physical_name(stack_name, logical_id, max_len=...)``: generates a name for a resource without one."""


# CloudFormation types

_handlers: dict[str, dict[str, Any]] = provisioners._RESOURCE_HANDLERS
_stack_tags: dict[str, tuple[str, str]] = provisioners._STACK_TAG_PROPERTY


def register_type(
    name: str,
    *,
    create: Callable[[str, Properties, str], Provisioned],
    update: Callable[[str, Properties, Properties, str], Provisioned],
    delete: Callable[[str, Properties], object],
    tags: str | None = None,
) -> None:
    """Adds a type that MiniStack lacks.

    ``update`` is never called for a property that AWS documents as "Update requires: Replacement". See
    :mod:`rehearsal.types.replacements`.

    :param create: ``create(logical_id, properties, stack_name)``. It raises a ValueError if AWS would refuse, before it
        changes anything.
    :param update: ``update(physical_id, old, new, stack_name)``. A roll-back swaps old and new. So the result must
        depend on ``new`` only.
    :param delete: ``delete(physical_id, properties)``. It does nothing if the resource does not exist.
    :param tags: the property to which CloudFormation adds the tags of the stack. It is a list of keys and values.
    """
    _handlers[name] = {"create": create, "update": update, "delete": delete}
    if tags:
        _stack_tags[name] = (tags, "list")


def amend_type(
    name: str,
    *,
    check: Callable[[Properties], object] | None = None,
    check_create: Callable[[Properties], object] | None = None,
    translate: Callable[[Properties], Properties] | None = None,
    complete: Callable[[str, Properties], None] | None = None,
    attributes: Callable[[str, Properties], dict[str, Any]] | None = None,
    check_delete: Callable[[str, Properties], object] | None = None,
    clean_up: Callable[[str, Properties], None] | None = None,
    tags: str | None = None,
) -> None:
    """Changes a type that MiniStack has.

    :param check: ``check(properties)`` runs before a create or update. It raises a ValueError if AWS would refuse.
    :param check_create: ``check_create(properties)`` runs before a create only.
    :param translate: ``translate(properties)`` returns the properties for MiniStack's own handlers.
    :param complete: ``complete(physical_id, properties)`` runs after a create or update, and stores what MiniStack
        drops. It also resets what is not in ``properties``, so that a roll-back restores the old state. It must not
        fail, because the resource exists by then. Use ``check`` to refuse properties.
    :param attributes: ``attributes(physical_id, properties)`` returns more values of ``Fn::GetAtt``.
    :param check_delete: ``check_delete(physical_id, properties)`` raises a ValueError if AWS would refuse a delete.
    :param clean_up: ``clean_up(physical_id, properties)`` runs after a delete, and removes what MiniStack does not.
    :param tags: see :func:`register_type`.
    """
    handler = _handlers[name]
    seen = translate or (lambda properties: properties)

    def provisioned(properties: Properties, provision: Callable[[], Provisioned]) -> Provisioned:
        if check:
            check(properties)
        physical_id, found = provision()
        if complete:
            complete(physical_id, properties)
        return physical_id, {**(found or {}), **(attributes(physical_id, properties) if attributes else {})}

    original_create = handler["create"]

    def create(logical_id: str, properties: Properties, *rest: Any) -> Provisioned:
        if check_create:
            check_create(properties)
        return provisioned(properties, lambda: original_create(logical_id, seen(properties), *rest))

    amended = {**handler, "create": create}

    if original_update := handler.get("update"):

        def update(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Provisioned:
            return provisioned(new, lambda: original_update(physical_id, seen(old), seen(new), *rest))

        amended["update"] = update

    if check_delete or clean_up:
        original_delete = handler["delete"]

        def delete(physical_id: str, properties: Properties, *rest: Any) -> None:
            if check_delete:
                check_delete(physical_id, properties)
            original_delete(physical_id, properties, *rest)
            if clean_up:
                clean_up(physical_id, properties)

        amended["delete"] = delete

    _handlers[name] = amended
    if tags:
        _stack_tags[name] = (tags, "list")


def amend_drift(name: str, translate: Callable[[Any, Properties], Any]) -> None:
    """Changes what MiniStack compares of a type.

    :param translate: ``translate(found, properties)`` returns the properties that exist, in the form of the template's.
    """
    read, compared = drift._DRIFT_READERS[name]
    drift._DRIFT_READERS[name] = (
        lambda physical_id, properties: translate(read(physical_id, properties), properties),
        compared,
    )


def skip_drift(name: str) -> None:
    """Counts resources of a type as unchecked, because MiniStack looks for them by other ids than those of AWS."""
    drift._DRIFT_READERS.pop(name)


class GeneratedResource:
    """A resource that AWS creates as a part of another one. It is not in the template."""

    def __init__(self, resource_type: str, logical_id: str, properties: Properties, stack: str) -> None:
        """:raises ValueError: if AWS would refuse."""
        self._type, self._properties, self._stack = resource_type, properties, stack
        self.id, self.attributes = _handlers[resource_type]["create"](logical_id, properties, stack)

    def update(self, properties: Properties) -> None:
        """:raises ValueError: if AWS would refuse."""
        if properties != self._properties:
            _handlers[self._type]["update"](self.id, self._properties, properties, self._stack)
            self._properties = properties

    def delete(self) -> None:
        _handlers[self._type]["delete"](self.id, self._properties)


# Stores


def regional_store() -> AccountRegionScopedDict:
    """A store of records by key. Each account and Region has its own records. A reset of MiniStack deletes them."""
    return _cleared_on_reset(AccountRegionScopedDict())


def global_store() -> AccountScopedDict:
    """A store like :func:`regional_store`, for a global service."""
    return _cleared_on_reset(AccountScopedDict())


def _cleared_on_reset(store: Any) -> Any:
    reset = app._reset_all_state

    @functools.wraps(reset)
    def reset_and_clear() -> None:
        reset()
        store.clear()

    app._reset_all_state = reset_and_clear  # ty: ignore[invalid-assignment]
    return store
