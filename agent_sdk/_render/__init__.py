"""Sessions and messages as text: Markdown, HTML, JSON, plain."""
