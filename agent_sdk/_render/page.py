"""The frame of an exported page: its head and its looks. No script, nothing loaded from anywhere."""
from __future__ import annotations

from html import escape

_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1f2328; --soft: #59636e; --line: #d1d9e0; --box: #f6f8fa;
  --user: #eaf3ff; --added: #dafbe1; --removed: #ffebe9; --error: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --text: #e6edf3; --soft: #9198a1; --line: #3d444d;
  --box: #151b23; --user: #11233a; --added: #12261e; --removed: #301b1f; --error: #f85149; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 52rem; background: var(--back); color: var(--text);
  font: 16px/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; line-height: 1.3; }
h3, h4, h5, h6 { font-size: 1.05rem; margin: 1em 0 .4em; }
p, ul, ol, blockquote { margin: .5em 0; }
blockquote { border-left: 3px solid var(--line); margin-left: 0; padding-left: .8rem; color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; color: var(--soft); font-size: .9rem; }
dd { margin: 0; }
article { margin: 1rem 0; }
article.user, article.summary, article.system { border-radius: .6rem; padding: .6rem .9rem; background: var(--box); }
article.user { background: var(--user); }
.who { color: var(--soft); font-size: .8rem; display: flex; justify-content: space-between; gap: 1rem; }
pre { margin: .5em 0; padding: .6rem .8rem; overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem;
  background: var(--box); font: 13px/1.45 ui-monospace, monospace; white-space: pre; overflow-wrap: normal; }
.input { white-space: pre-wrap; overflow-wrap: anywhere; }
code { font: .9em ui-monospace, monospace; }
details { margin: .6rem 0; border: 1px solid var(--line); border-radius: .4rem; padding: 0 .8rem; }
summary { cursor: pointer; padding: .45rem 0; color: var(--soft); }
summary b { color: var(--text); }
.failed summary b { color: var(--error); }
.diff ins, .diff del, .diff span { display: block; text-decoration: none; min-height: 1.45em; }
.diff ins { background: var(--added); } .diff del { background: var(--removed); } .diff .at { color: var(--soft); }
.wide { overflow-x: auto; } table { border-collapse: collapse; } td, th { border: 1px solid var(--line);
  padding: .2rem .6rem; text-align: left; }
img { max-width: 100%; height: auto; }
@media print { :root { color-scheme: light; --back: #fff; --text: #000; --soft: #444; --line: #bbb; --box: #fff;
  --user: #f2f2f2; --added: #e6ffec; --removed: #ffebe9; } body { max-width: none; font-size: 11pt; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; } article, pre { break-inside: auto; }
  details::details-content { content-visibility: visible; block-size: auto; } }
"""

# Even if something slipped through the escaping, the browser would run and load nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def page(title: str, body: str) -> str:
    """Return the whole document; *body* is HTML, *title* is text."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="referrer" content="no-referrer">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""
