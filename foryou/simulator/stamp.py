"""What every page about simulated worlds says and how it looks: what is assumed proves nothing about people."""

from __future__ import annotations

ASSUMED = (
    "Everything on this page is simulated. It compares feeds in made-up worlds, and "
    "<b>proves nothing about people</b>.",
    "How long videos are watched, and how often viewers act, was fitted to a public log (KuaiRand-Pure, 2022) or to "
    "your own; what a viewer gets out of a video, and that good visits bring them back sooner, is assumed.",
    "Viewers like 3 to 12 of the topics, and their taste drifts. Too much of one topic satiates; what is new pleases "
    "a little. A feed that fits this is rewarded, because the world was made so.",
    "Worlds are paired: under every feed the same viewers come from the same chances, and the same viewer reacts to "
    "the same video with the same luck. So differences between feeds have narrower intervals than the feeds have.",
    "Feeds know what an app knows: who was shown what, for how long, and what they pressed. Tastes, appeal and what a "
    "video gave are known to the world and to this page only.",
    "Of the creators 4 % bait (viewers like and comment on that, and get little out of it), 4 % upload what others "
    "made (to whoever knows it, it is worth less), and 2 % buy likes where there are accounts that sell them. How many "
    "do so, and what viewers make of it, is assumed.",
    "Intervals are over worlds of the same kind. They do not cover that the kind may be wrong.",
)

STYLE = """
:root{--ink:#1c2333;--soft:#6b7280;--line:#e5e8ee;--paper:#fff;--card:#fff;--accent:#d6336c;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9f0;--soft:#9aa3b2;--line:#2c3342;--paper:#12161f;--card:#181d29}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header,main{max-width:1320px;margin:0 auto;padding:0 16px}header{padding-top:24px}
h1{margin:.2em 0;font-size:1.7rem;line-height:1.2}
h2{margin:1.6em 0 .3em;font-size:1.2rem}p{margin:.3em 0;max-width:75ch}
.stamp{display:inline-block;padding:1px 8px;border-radius:99px;background:var(--accent);color:#fff;font-size:.75rem;
font-weight:600;vertical-align:middle}.verdict{margin-top:.8em;font-size:1.15rem}.verdict small{color:var(--soft)}
.legend{position:sticky;top:0;z-index:1;display:flex;flex-wrap:wrap;gap:2px 14px;padding:10px 0;background:var(--paper)}
.key{display:inline-flex;align-items:center;gap:6px;font-size:.88rem}.key i{width:12px;height:12px;border-radius:3px}
.charts{display:grid;gap:14px;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr))}
figure{margin:0;padding:12px;border:1px solid var(--line);border-radius:10px;background:var(--card)}
svg{display:block;width:100%;height:auto;font-family:inherit;fill:var(--ink)}
svg .title{font-size:13px;font-weight:600}svg .tick,svg .axis{font-size:10.5px;fill:var(--soft)}
svg .name{font-size:11.5px}
svg .stamp{font-size:10.5px;fill:var(--accent)}
svg .grid{stroke:var(--line)}svg .mark{stroke:var(--soft);stroke-dasharray:3 3}
.wide{overflow-x:auto;border:1px solid var(--line);border-radius:10px}
table{border-collapse:collapse;width:100%;font-size:.85rem;font-variant-numeric:tabular-nums}
th,td{padding:6px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
thead th{color:var(--soft);font-weight:600}tbody th{position:sticky;left:0;text-align:left;background:var(--card);
font-weight:600;max-width:46vw;white-space:normal}td small,th small{display:block;font-weight:400;color:var(--soft);
font-size:.75rem}td.good{color:#2b8a3e}td.bad{color:#e03131}.missing{color:var(--accent)}
@media(max-width:600px){th,td{padding:6px}tbody th{min-width:38vw;max-width:38vw;overflow-wrap:anywhere}}
@media(prefers-color-scheme:dark){td.good{color:#69db7c}td.bad{color:#ff8787}}
li{margin:.4em 0;max-width:80ch}main{padding-bottom:48px}
"""
