#include "report/html_style.hpp"

namespace imgport {

// Colours are named once for light and once for dark; each text keeps a contrast of 4.5 to its ground.
const std::string_view html_style = R"css(
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #ffffff; --text: #1b1f24; --quiet: #566070; --line: #d5dae1; --link: #0b57c2;
  --bad: #b3261e; --bad-ground: #fdecea; --warn: #7a4f00; --warn-ground: #fdf3dc;
  --info: #0b57c2; --info-ground: #e8f0fd; --good: #1b6b35; --good-ground: #e6f4ea;
  --mute: #4a5361; --mute-ground: #eceff3;
  --used: #3b6fb6; --free: #c9dcf5; --opaque: #b9a7d6; --empty: #eef0f3; --plate: #ffffffe6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12151a; --card: #1b2027; --text: #e8ebef; --quiet: #a7b0bd; --line: #333b46; --link: #8ab8ff;
    --bad: #ff9a91; --bad-ground: #3c1a18; --warn: #f2c260; --warn-ground: #382a0c;
    --info: #8ab8ff; --info-ground: #14294a; --good: #7fd49b; --good-ground: #14321f;
    --mute: #b8c0cc; --mute-ground: #2a313b;
    --used: #5b93de; --free: #28446b; --opaque: #6d5a94; --empty: #20262e; --plate: #1b2027e6;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
header, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2rem; }
footer { padding-top: 1rem; padding-bottom: 3rem; color: var(--quiet); font-size: .875rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 0; overflow-wrap: anywhere; }
h3 { font-size: 1.1rem; margin: 2rem 0 .25rem; }
h4 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .35rem 0; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
code, .mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .9em; }
bdi, code { overflow-wrap: anywhere; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; }
.quiet { color: var(--quiet); }
.image, .overview {
  background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1.5rem; margin: 1.5rem 0;
}
.banner { display: flex; flex-wrap: wrap; align-items: baseline; gap: .5rem 1rem;
  border-left: .4rem solid; border-radius: .35rem; padding: .8rem 1rem; margin: 1rem 0; }
.banner strong { font-size: 1.2rem; }
.banner span { color: var(--text); }
.badge { display: inline-block; border-radius: .3rem; padding: .05rem .5rem; font-size: .8rem; font-weight: 650;
  white-space: nowrap; border: 1px solid; }
.bad { color: var(--bad); background: var(--bad-ground); border-color: var(--bad); }
.warn { color: var(--warn); background: var(--warn-ground); border-color: var(--warn); }
.info { color: var(--info); background: var(--info-ground); border-color: var(--info); }
.good { color: var(--good); background: var(--good-ground); border-color: var(--good); }
.mute { color: var(--mute); background: var(--mute-ground); border-color: var(--mute); }
.counts { display: flex; flex-wrap: wrap; gap: .5rem; padding: 0; margin: .75rem 0; list-style: none; }
.finding { border-top: 1px solid var(--line); padding: 1rem 0; }
.finding-head { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem .75rem; }
.finding ul { margin: .35rem 0; padding-left: 1.25rem; }
.finding dl { margin: .5rem 0 0; }
dl.facts, .finding dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1.25rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .925rem; }
caption { text-align: left; color: var(--quiet); padding-bottom: .35rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--quiet); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 600; }
td.count { text-align: right; font-variant-numeric: tabular-nums; }
th.count { text-align: right; }
details { border-top: 1px solid var(--line); padding: .75rem 0; }
summary { cursor: pointer; font-weight: 600; }
figure { margin: 1rem 0; }
.caption { margin: .75rem 0 .25rem; }
svg.bar { display: block; }
svg text { fill: var(--text); font: 13px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
svg .used { fill: var(--used); }
svg .free { fill: var(--free); }
svg .opaque { fill: var(--opaque); }
svg .unallocated { fill: var(--empty); }
svg .plate { fill: var(--plate); }
svg .frame { fill: none; stroke: var(--quiet); stroke-width: 1; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; margin: .5rem 0;
  color: var(--quiet); font-size: .875rem; }
.swatch { width: .9em; height: .9em; vertical-align: -.1em; }
@media (max-width: 40rem) {
  .image, .overview { padding: 1rem; border-radius: .5rem; }
  header, main, footer { padding-left: .75rem; padding-right: .75rem; }
  dl.facts, .finding dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: .5rem; }
  svg .label { display: none; }
  .scroll table { min-width: 34rem; }
}
@media print {
  :root {
    color-scheme: light;
    --ground: #fff; --card: #fff; --text: #000; --quiet: #444; --line: #bbb; --link: #000;
    --bad: #9b1c15; --bad-ground: #fff; --warn: #6b4500; --warn-ground: #fff; --info: #0a4aa6; --info-ground: #fff;
    --good: #14572a; --good-ground: #fff; --mute: #444; --mute-ground: #fff;
    --used: #3b6fb6; --free: #c9dcf5; --opaque: #b9a7d6; --empty: #eef0f3; --plate: #ffffffe6;
  }
  body { font-size: 10.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .skip { display: none; }
  header, main, footer { max-width: none; padding: 0; }
  .image { break-before: page; border: 0; padding: 0; }
  .overview + .image, .image:first-child { break-before: auto; }
  .overview { border: 0; padding: 0; }
  .finding, figure, tr { break-inside: avoid; }
  h3, h4 { break-after: avoid; }
  .scroll { overflow: visible; }
  details::details-content { content-visibility: visible; display: block; block-size: auto; }
}
)css";

}  // namespace imgport
