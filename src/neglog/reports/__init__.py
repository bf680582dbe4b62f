"""One HTML file that says everything about a fit, offline.

- `page`: ``write_report``, the verb;
- `contents`: what stands in it, gathered from a model and its data as plain values;
- `figures`: figures as inline SVG that follows the light or dark of the page;
- `mathml`: formulas that browsers draw by themselves;
- ``page.html``: the template.
"""

from neglog.reports.page import write_report

__all__ = ["write_report"]
