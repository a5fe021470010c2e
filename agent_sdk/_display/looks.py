"""The looks of what is shown in a notebook: colours of the notebook's own theme where it has them."""
from __future__ import annotations

_STYLE = """
.agent-sdk { --soft: var(--jp-ui-font-color2, var(--vscode-descriptionForeground, #656d76));
  --line: var(--jp-border-color2, var(--vscode-panel-border, #d0d7de));
  --box: var(--jp-layout-color2, var(--vscode-textCodeBlock-background, #8881));
  --error: var(--jp-error-color1, var(--vscode-errorForeground, #cf222e));
  --warning: var(--jp-warn-color1, var(--vscode-editorWarning-foreground, #9a6700));
  line-height: 1.5; overflow-wrap: anywhere; max-width: 60rem; }
.agent-sdk details { margin: .3em 0; }
.agent-sdk summary { cursor: pointer; color: var(--soft); }
.agent-sdk summary b { color: var(--jp-content-font-color1, inherit); }
.agent-sdk .note { margin: .3em 0; white-space: pre-wrap; }
.agent-sdk .info, .agent-sdk .status, .agent-sdk .end { color: var(--soft); }
.agent-sdk .status, .agent-sdk .end { font-size: .9em; margin-top: .6em; }
.agent-sdk .warning { color: var(--warning); }
.agent-sdk .error, .agent-sdk .failed > summary, .agent-sdk .failed > summary b { color: var(--error); }
.agent-sdk.agent-sdk pre { margin: .3em 0 .5em; padding: .5em .8em; max-height: 24em; overflow: auto; font-size: .9em;
  background: var(--box); border-radius: 4px; white-space: pre-wrap; line-height: 1.4; }
.agent-sdk.agent-sdk details > pre { margin-left: 1.1em; }
.agent-sdk.agent-sdk pre code { background: none; padding: 0; font-size: inherit; }
.agent-sdk .inner { margin: .3em 0 .6em .4em; padding-left: .9em; border-left: 2px solid var(--line); }
.agent-sdk .diff ins, .agent-sdk .diff del, .agent-sdk .diff span { display: block; text-decoration: none;
  color: inherit; min-height: 1.4em; }
.agent-sdk .diff ins { background: #2da44e33; } .agent-sdk .diff del { background: #cf222e2b; }
.agent-sdk.agent-sdk .diff .at { color: var(--soft); }
.agent-sdk img { max-width: 100%; height: auto; }
"""


def framed(inner: str) -> str:
    """Put HTML into the frame that gives it its looks; dollars of tools and costs are no mathematics."""
    return f'<div class="agent-sdk mathjax_ignore tex2jax_ignore"><style>{_STYLE}</style>{inner}</div>'
