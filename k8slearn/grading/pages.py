"""What the learner's page and the overview share: one HTML document by itself, no script, light, dark, printed."""

from __future__ import annotations

import re
from html import escape

_STYLE = """
:root { color-scheme: light dark; --ink: #1b2a3a; --soft: #56657a; --line: #d8e0ea; --paper: #fff; --ground: #eef2f7;
  --blue: #2a5fd0; --pass: #1a7f37; --fail: #b3261e; --fail-ground: #fdf1f0; --code: #f3f6fa }
@media (prefers-color-scheme: dark) { :root { --ink: #dfe7f1; --soft: #9aa9bd; --line: #324154; --paper: #17202c;
  --ground: #0f1620; --blue: #7aa5ff; --pass: #57c878; --fail: #ff8b81; --fail-ground: #2b1d20; --code: #101823 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.55 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif }
main { max-width: 52rem; margin: 0 auto; padding: 1.5rem 1rem 3rem }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem } h2 { font-size: 1.15rem; margin: 0 }
h3 { font-size: .8rem; letter-spacing: .03em; color: var(--soft); margin: 1rem 0 .25rem; font-weight: 600 }
p { margin: .35rem 0 } .soft { color: var(--soft); font-size: .9rem }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.25rem;
  margin: 1rem 0 }
.head { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem }
.head > :last-child { white-space: nowrap; font-variant-numeric: tabular-nums }
.score { font-size: 1.6rem; font-weight: 700; color: var(--blue) }
.track { height: .5rem; border-radius: .25rem; background: var(--line); overflow: hidden; margin: .5rem 0 }
.track > div { height: 100%; background: var(--blue); border-radius: .25rem }
.note { background: var(--fail-ground); border-left: 4px solid var(--fail); padding: .5rem .75rem;
  border-radius: .25rem; white-space: pre-line }
ul { list-style: none; padding: 0; margin: .5rem 0 0 }
li { padding: .3rem 0 .3rem 1.7rem; position: relative }
li::before { position: absolute; left: .1rem; font-weight: 700 }
.passed::before { content: "✓"; color: var(--pass) } .failed::before { content: "✗"; color: var(--fail) }
.skipped::before { content: "–"; color: var(--soft) } .skipped { color: var(--soft) }
dl { margin: .35rem 0; padding: .5rem .75rem; background: var(--fail-ground); border-radius: .25rem }
dt { font-weight: 600; font-size: .8rem; color: var(--soft) } dd { margin: 0 0 .4rem; white-space: pre-line }
dd:last-child { margin: 0 }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .85em }
code { background: var(--code); padding: .05em .3em; border-radius: .2em }
pre { background: var(--code); border: 1px solid var(--line); border-radius: .35rem; padding: .6rem .75rem; margin: 0;
  white-space: pre-wrap; max-height: 24rem; overflow: auto }
details > summary { cursor: pointer; color: var(--soft); font-size: .85rem; margin-top: .6rem }
details > pre { margin-top: .4rem }
.view { overflow-x: auto } .view svg { display: block; min-width: 32rem; max-width: 100%; height: auto }
table { border-collapse: collapse; width: 100%; font-size: .9rem; margin-top: .5rem }
th { text-align: left; color: var(--soft); font-weight: 600; font-size: .8rem }
th, td { padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
tr:last-child td { border-bottom: 0 } .name { overflow-wrap: normal; white-space: nowrap }
.share { display: flex; height: .5rem; width: 10rem; border-radius: .25rem; overflow: hidden; margin-top: .45rem;
  background: var(--line) }
.share i:nth-child(1) { background: var(--pass) } .share i:nth-child(2) { background: var(--fail) }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
a { color: var(--blue) }
.bars { display: flex; align-items: flex-end; gap: .35rem; height: 9rem; margin: .75rem 0 0 }
.bars > div { flex: 1; display: flex; flex-direction: column; justify-content: flex-end; text-align: center;
  font-size: .75rem; color: var(--soft); height: 100% }
.bars i { display: block; background: var(--blue); border-radius: .2rem .2rem 0 0; min-height: 1px }
@page { margin: 14mm }
@media print { :root { --ground: #fff } body { font-size: 10pt; -webkit-print-color-adjust: exact;
  print-color-adjust: exact } main { max-width: none; padding: 0 } .card { break-inside: avoid-page }
  pre { max-height: none } details > summary { display: none } }
"""


def document(title: str, lang: str, body: str) -> str:
    """The page; ``title`` is text, ``body`` HTML."""
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def inline(text: str) -> str:
    """Escaped text; of Markdown only `code` is read.

    >>> inline("run `echo <b>`")
    'run <code>echo &lt;b&gt;</code>'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def track(reached: float, most: float) -> str:
    """A bar that is full at all points."""
    share = 100 * reached / most if most else 0
    return f'<div class="track"><div style="width:{min(max(share, 0), 100):.0f}%"></div></div>'
