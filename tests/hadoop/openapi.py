"""docs/control-api.yaml as a judge: whether requests and answers are as it says."""

from __future__ import annotations

import json
import re
from typing import Any, Iterator, Optional

import jsonschema
import yaml

from hadoop.fetch import REPOSITORY

FILE = REPOSITORY / "docs/control-api.yaml"
METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}


class Description:
    def __init__(self) -> None:
        self.root: dict[str, Any] = yaml.safe_load(FILE.read_text())

    def operations(self) -> dict[tuple[str, str], dict[str, Any]]:
        """By method and path."""
        return {(name.upper(), path): operation for path, item in self.root["paths"].items()
                for name, operation in item.items() if name in METHODS}

    def resolved(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node and node["$ref"].startswith("#/"):
            target: Any = self.root
            for part in node["$ref"][2:].split("/"):
                target = target[part]
            node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
        return node

    def strict(self, schema: Any) -> Any:
        """The schema with everything in it, and objects without names that it does not know."""
        schema = self.resolved(schema)
        if isinstance(schema, list):
            return [self.strict(one) for one in schema]
        if not isinstance(schema, dict):
            return schema
        whole = {key: ({name: self.strict(one) for name, one in value.items()} if key == "properties"
                       else self.strict(value) if key in ("items", "oneOf") else value)
                 for key, value in schema.items()}
        if "properties" in whole:
            whole["additionalProperties"] = False
        return whole

    def names(self, schema: str) -> set[str]:
        """Of an object's fields, those of objects below it included."""
        return set(self._names(self.strict(self.root["components"]["schemas"][schema])))

    def _names(self, schema: Any) -> Iterator[str]:
        if not isinstance(schema, dict):
            return
        for name, below in schema.get("properties", {}).items():
            yield name
            yield from self._names(below)
        yield from self._names(schema.get("items"))

    def takes(self, method: str, path: str, body: Optional[str]) -> bool:
        """Whether a request body is one that the file allows."""
        request = self.operations()[method, path].get("requestBody", {"required": False})
        if not body:
            return not request["required"]
        try:
            value = json.loads(body)
        except ValueError:
            return False
        schema = self.strict(request["content"]["application/json"]["schema"])
        schema.pop("additionalProperties")  # unknown names are ignored
        return jsonschema.Draft202012Validator(schema).is_valid(value)

    def check(self, method: str, path: str, status: int, content_type: str, body: str) -> None:
        """Fails where the file does not promise this answer. `path` is one of the file's."""
        responses = self.operations()[method, path]["responses"]
        promised = self.resolved(responses.get(str(status), responses["default"] if status >= 400 else None))
        assert promised, f"{method} {path}: {status} is not in {FILE.name}"
        if "content" not in promised:
            assert body == "", f"{method} {path}: {status} has a body: {body}"
            return
        assert content_type == "application/json", content_type
        schema = self.strict(promised["content"]["application/json"]["schema"])
        jsonschema.validate(json.loads(body), schema, cls=jsonschema.Draft202012Validator)


def routes() -> set[tuple[str, str]]:
    """Method and path of each route, as src/control/router.cc has them."""
    text = (REPOSITORY / "src/control/router.cc").read_text()
    rows = re.findall(r'Route\{"(\w+)", "([^"]*)", "([^"]*)", (true|false),', text)
    assert len(rows) == text.count("Route{"), "a route that is written in another way"
    return {(method, f"{before}{{instance}}{after}" if numbered == "true" else before)
            for method, before, after, numbered in rows}
