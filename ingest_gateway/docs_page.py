"""A page that shows the OpenAPI document without loading anything from elsewhere."""

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from schemas.catalogue import CATALOGUE
from schemas.reasons import Reason

_STYLE = (
    "body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2rem .6rem;text-align:left}"
    "pre{background:#f4f4f4;padding:1rem;overflow:auto}code{font-size:.95em}"
)


def page(document: dict[str, Any]) -> str:
    """HTML of an OpenAPI document, with the catalogue's types and the reasons beside it."""
    title = escape(document["info"]["title"])
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>",
        f"<h1>{title}</h1><p>As a document: <a href=/openapi.json>/openapi.json</a></p>",
        *(part for path, item in document["paths"].items() for part in _path(path, item)),
        "<h2>Event types</h2>",
        _table(("type", "category"), [(row.name, row.category.value) for row in CATALOGUE.values()]),
        "<h2>Reasons</h2>",
        _table(("reason", "meaning"), [(reason.value, reason.meaning) for reason in Reason]),
    ]
    return "\n".join(parts)


def _path(path: str, item: dict[str, Any]) -> Iterator[str]:
    for method, operation in item.items():
        yield f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])}</p>"
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        for example in content.get("examples", {}).values():
            text = json.dumps(example["value"], indent=2)
            yield f"<h3>{escape(example['summary'])}</h3><pre>{escape(text)}</pre>"
        answers = [
            (status, answer.get("description", "")) for status, answer in operation["responses"].items()
        ]
        yield _table(("status", "when"), answers)


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><td><code>{escape(left)}</code></td><td>{escape(right)}</td></tr>" for left, right in rows
    )
    return f"<table><tr><th>{head[0]}</th><th>{head[1]}</th></tr>{cells}</table>"
