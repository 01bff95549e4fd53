"""The arguments of Knit() as Hadoop's settings."""

from __future__ import annotations

import warnings
from typing import Any, Mapping, Optional

from knit import _knit
from knit.exceptions import HDFSConfigException, KnitException, YARNException

# What dask/knit took for its REST client and its JVM. Taken here too, and without effect.
WITHOUT_EFFECT = ("knit_home", "hdfs", "gateway_path", "password", "rm_port_https")
KNOWN = ("rm", "rm_port", "nn", "nn_port", "user", "replication_factor", "lang", *WITHOUT_EFFECT)
DEFAULT_NAMENODE_PORT = 8020


def split(pars: Optional[Mapping[str, Any]], kwargs: Mapping[str, Any]) -> "tuple[dict[str, Any], dict[str, str]]":
    """Short names ("rm"), and Hadoop's own keys, which have a dot. `kwargs` win over `pars`."""
    given = {**(pars or {}), **kwargs}
    short = {key: value for key, value in given.items() if "." not in key}
    unknown = sorted(set(short) - set(KNOWN))
    if unknown:
        raise TypeError(f"Knit() knows no {', '.join(unknown)}; it knows {', '.join(KNOWN)}, and Hadoop's keys in pars")
    useless = [key for key in WITHOUT_EFFECT if short.get(key) not in (None, "")]
    if useless:
        warnings.warn(f"Knit() needs no {', '.join(useless)}: it speaks to Hadoop by itself", stacklevel=4)
    return short, {key: _text(value) for key, value in given.items() if "." in key}


def properties(short: Mapping[str, Any], own: Mapping[str, str]) -> "list[tuple[str, str]]":
    """Hadoop's settings for the short names, then those that were given by their own names."""
    found: "dict[str, str]" = {}
    if "rm" in short:
        found["yarn.resourcemanager.hostname"] = _text(short["rm"])
        if "rm_port" in short:  # of its web pages, as ever
            found["yarn.resourcemanager.webapp.address"] = f"{short['rm']}:{short['rm_port']}"
    if "nn" in short:
        found["fs.defaultFS"] = f"hdfs://{short['nn']}:{short.get('nn_port', DEFAULT_NAMENODE_PORT)}"
    if "replication_factor" in short:
        found["dfs.replication"] = _text(short["replication_factor"])
    return list({**found, **own}.items())


def open_client(autodetect: bool, short: Mapping[str, Any], own: Mapping[str, str]) -> _knit.Client:
    """Reads the configuration. Raises HDFSConfigException, which says where it was looked for."""
    settings = properties(short, own)
    keys = {key for key, _ in settings}
    if not autodetect and not any(key.startswith("yarn.resourcemanager.") for key in keys):
        raise HDFSConfigException(
            "with autodetect=False no file is read: give rm='HOST' and nn='HOST', or Hadoop's own settings "
            "(yarn.resourcemanager.address, fs.defaultFS) in pars", "failed_precondition")
    try:
        return _knit.Client("", autodetect, settings, str(short.get("user") or ""))
    except (KnitException, YARNException) as error:
        raise HDFSConfigException(str(error), error.code) from None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
