"""Get a code review as an object: the SDK builds the schema from your classes and returns an instance."""
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


# A scripted model answers, so that the example needs no key. Leave out `env` to use the real model.
with ScriptedModel() as model, tempfile.TemporaryDirectory() as folder:
    finding = {"file": "shop.py", "line": 12, "problem": "divides by zero for no items", "severity": "high"}
    model.call_tool("StructuredOutput", {"summary": "One bug.", "findings": [finding]})
    report = review(folder, env={**isolated_env(folder), **model.env})

print(report.summary)
for finding in report.findings:
    print(f"{finding.file}:{finding.line} [{finding.severity}] {finding.problem}")
