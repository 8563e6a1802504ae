"""The style sheet of the HTML report: light and dark, narrow and wide, on paper."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ink: #182230; --faint: #5d6b80; --line: #e3e8ef; --page: #f6f7f9;
  --card: #fff; --accent: #2456c6; --bad: #ffdcd7; --bad-ink: #9c1b0e; --good: #cdf2da; --good-ink: #0a5c2e;
  --harm: #a3160b; --same: #c9d1dc; --heat-ink: 201 72 30; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ef; --faint: #97a3b6; --line: #2d3645; --page: #11151b;
  --card: #191f29; --accent: #86aaf5; --bad: #5a211c; --bad-ink: #ffb9b0; --good: #164a2c; --good-ink: #a9f0c1;
  --harm: #ff8f80; --same: #3d4757; --heat-ink: 240 120 70; } }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, "Noto Sans", "DejaVu Sans", sans-serif; color: var(--ink); background: var(--page);
  margin: 0; }
header, main, footer { max-width: 78rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 2.5rem; } header p { max-width: 46rem; color: var(--faint); margin: .4rem 0; }
h1 { font-size: 2rem; line-height: 1.2; letter-spacing: -.015em; margin: 0; }
h2 { font-size: 1.35rem; letter-spacing: -.01em; margin: 2.8rem 0 .3rem; }
h3 { font-size: 1rem; margin: 1.8rem 0 .5rem; }
p.note { color: var(--faint); font-size: .875rem; margin: .2rem 0 .8rem; max-width: 60rem; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
nav { position: sticky; top: 0; z-index: 1; background: var(--page); border-bottom: 1px solid var(--line);
  margin-top: 1.2rem; }
nav div { max-width: 78rem; margin: 0 auto; padding: .55rem 1.5rem; display: flex; flex-wrap: wrap;
  gap: .2rem 1.2rem; font-size: .9rem; }
section { scroll-margin-top: 3.2rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .9rem; margin: 1rem 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; padding: .9rem 1.1rem; }
.card span { color: var(--faint); font-size: .82rem; display: block; }
.card strong { font-size: 1.75rem; font-weight: 650; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.card s { color: var(--faint); font-size: 1.1rem; text-decoration: none; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .7rem; }
.scroll.plain { display: inline-block; max-width: 100%; vertical-align: top; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
.scroll > table:not(.heat) { min-width: 100%; }
th, td { padding: .42rem .8rem; text-align: right; white-space: nowrap; border-top: 1px solid var(--line); }
thead th { border-top: 0; white-space: normal; vertical-align: bottom; font-size: .8rem; line-height: 1.3; }
th { color: var(--faint); font-weight: 600; }
td:first-child, th:first-child { text-align: left; } tbody tr:hover { background: rgb(128 140 160 / .07); }
td small { color: var(--faint); display: block; font-size: .76rem; line-height: 1.2; }
tr.read td { color: var(--faint); }
.split { display: inline-flex; width: 9rem; height: .7rem; border-radius: .35rem; overflow: hidden;
  background: var(--same); vertical-align: middle; }
.split b { background: #2e9e5b; } .split i { background: #d4452f; margin-left: auto; }
.range { position: relative; display: block; width: 9rem; height: .35rem; margin: .3rem 0 .1rem auto;
  background: rgb(128 140 160 / .15); border-radius: .2rem; }
.range i { position: absolute; top: 0; bottom: 0; background: var(--accent); opacity: .35; border-radius: .2rem;
  min-width: 2px; }
.range b { position: absolute; top: -2px; bottom: -2px; width: 3px; margin-left: -1px; background: var(--accent); }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0 2rem;
  align-items: start; }
.columns.three { grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); }
td.bars { text-align: left; } td.bars b { display: inline-block; min-width: 2.6rem; text-align: right;
  font-weight: 400; }
.columns td, .columns th { padding: .32rem .7rem; }
.bar { display: inline-block; height: .6rem; background: var(--accent); border-radius: 2px; margin-left: .5rem; }
.faded .bar { opacity: .38; }
table.heat { font-size: .82rem; margin: .4rem; } table.heat th, table.heat td { border: 0; padding: 0;
  min-width: 1.75rem; height: 1.6rem; text-align: center; }
table.heat th { color: var(--ink); font-size: .95rem; }
table.heat td { background: rgb(var(--heat-ink) / var(--heat, .04)); border: 1px solid var(--card);
  border-radius: 5px; }
table.heat td.strong { color: #fff; }
i.latin { font-style: normal; border-bottom: 2px dotted var(--accent); } i.nothing { font-style: normal; opacity: .6; }
.passage { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; padding: .8rem 1.1rem;
  margin: .7rem 0; overflow-wrap: anywhere; break-inside: avoid; }
.passage .where { color: var(--faint); font-size: .82rem; } .passage .worse { color: var(--harm); font-weight: 600; }
.passage .better { color: var(--good-ink); font-weight: 600; }
.passage .printed { margin: .25rem 0 .5rem; font-size: 1.05rem; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: .3rem 1.6rem; }
.sides > div { border-left: 3px solid var(--line); padding-left: .7rem; white-space: pre-wrap; }
.sides > div + div { border-left-color: var(--accent); }
.label { display: block; color: var(--faint); font-size: .74rem; text-transform: uppercase; letter-spacing: .05em; }
mark { background: var(--bad); color: var(--bad-ink); border-radius: 3px; padding: 0 1px; }
mark.mended { background: var(--good); color: var(--good-ink); }
mark.harmed, del.harmed { background: var(--harm); color: var(--card); }
del { color: var(--bad-ink); opacity: .8; border-radius: 3px; }
.legend { font-size: .875rem; color: var(--faint); margin: .4rem 0 0; display: flex; flex-wrap: wrap;
  gap: .2rem 1.3rem; }
summary { cursor: pointer; color: var(--accent); margin-top: 1.4rem; font-weight: 600; }
footer { color: var(--faint); font-size: .82rem; padding: 3rem 1.5rem 4rem; }
@media print { nav { position: static; } body { background: #fff; font-size: 12px; } }
"""
