"""Get a code review as an object: the schema comes from your classes, and what comes back is one of them."""
import tempfile
from typing import Literal

import attrs

import agent_sdk
from agent_sdk.testing import ScriptedModel, isolated_env


@attrs.define
class Finding:
    file: str
    line: int
    problem: str
    severity: Literal["low", "medium", "high"] = "medium"


@attrs.define
class Report:
    """The outcome of a code review."""

    summary: str
    findings: list[Finding]


def review(folder, **options):
    result = agent_sdk.query(
        "Review the code in this folder.", output=Report, cwd=folder, tools=["Read", "Glob", "Grep"], **options
    )
    return result.output


# A scripted model answers here, so that this runs without a key; leave `env` out for the real one.
with ScriptedModel() as model, tempfile.TemporaryDirectory() as folder:
    finding = {"file": "shop.py", "line": 12, "problem": "divides by zero for no items", "severity": "high"}
    model.call_tool("StructuredOutput", {"summary": "One bug.", "findings": [finding]})
    report = review(folder, env={**isolated_env(folder), **model.env})

print(report.summary)
for finding in report.findings:
    print(f"{finding.file}:{finding.line} [{finding.severity}] {finding.problem}")
