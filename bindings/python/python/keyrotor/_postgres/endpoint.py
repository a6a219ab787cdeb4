"""Who logs in there, where nothing but an address and a few options say so."""

from __future__ import annotations

from collections.abc import Mapping

from keyrotor._native import TokenManager
from keyrotor._postgres.errors import coded
from keyrotor._postgres.login import Login
from keyrotor._postgres.tls import FLAGS, take_flags
from keyrotor.errors import ConfigError

_DSQL_ADMIN = "admin"
_RDS_PORT = 5432
_ENTRA_SCOPE = "https://ossrdbms-aad.database.windows.net/.default"
_FLAG_VALUES = {"true": True, "false": False, "1": True, "0": False}


def login(host: str | None, port: str | int | None, user: str | None, options: Mapping[str, object]) -> Login:
    """The login for this address. Options are `service` (rds, dsql, entra), the fields of its credentials in
    the `.proto` file, and `allow_plaintext` and `allow_unverified_tls`."""
    fields = dict(options)
    for name in FLAGS:
        if name in fields:
            fields[name] = _flag(name, fields[name])
    flags = take_flags(fields)
    service = str(fields.pop("service", None) or _service(host or ""))
    arm, defaults = _arm(service, host, port, user)
    message = {arm: {**{name: one for name, one in defaults.items() if one is not None}, **fields}}
    manager = TokenManager({"authentication_info": message})
    return Login.of(manager, flags)


def _service(host: str) -> str:
    """By the names that the services give their endpoints."""
    name = host.lower().rstrip(".")
    if ".dsql." in name and name.endswith(".on.aws"):
        return "dsql"
    if name.endswith(".postgres.database.azure.com"):
        return "entra"
    return "rds"


def _arm(
    service: str, host: str | None, port: str | int | None, user: str | None
) -> tuple[str, dict[str, object]]:
    match service:
        case "rds":
            return "rds_credentials", {"host": host, "port": int(port or _RDS_PORT), "username": user}
        case "dsql":
            return "dsql_credentials", {"host": host, "username": user, "admin": user == _DSQL_ADMIN}
        case "entra":
            return "entra_credentials", {"username": user, "scope": _ENTRA_SCOPE}
    raise coded(
        ConfigError, "config-invalid", f"service={service} is none of rds, dsql and entra", field="service"
    )


def _flag(name: str, value: object) -> bool:
    flag = _FLAG_VALUES.get(str(value).lower())
    if flag is None:
        raise coded(ConfigError, "config-invalid", f"{name}={value} is neither true nor false", field=name)
    return flag
