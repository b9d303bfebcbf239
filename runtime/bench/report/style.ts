/**
 * The look of a report that is one file: the paper, the ink and the hues of the worlds as everywhere in the app
 * (web/client/styles/base.css; a test holds the two equal), light and dark, on a phone and on A4.
 */

const LIGHT = `
  --paper: #fbfaf7; --ink: #1d1c1a; --muted: #67635b; --hairline: #d6d2c8; --grid: #ebe8e0; --wash: #f3f1eb;
  --process: #2b6695; --container: #1f7a5a; --vm: #b0521b; --address-space: #784893; --bad: #a8321f;
  color-scheme: light;`;

const DARK = `
  --paper: #141518; --ink: #e7e4dd; --muted: #a19d93; --hairline: #3a3c42; --grid: #25272c; --wash: #1c1e22;
  --process: #74aedb; --container: #62bf9a; --vm: #e3935a; --address-space: #bd97da; --bad: #ef8f7b;
  color-scheme: dark;`;

export const REPORT_STYLE = `
:root {${LIGHT}
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
:root[data-theme="dark"] {${DARK}}
@media (prefers-color-scheme: dark) {
  :root:not([data-theme]) {${DARK}}
}
@media print {
  :root, :root[data-theme="dark"], :root:not([data-theme]) {${LIGHT}
    --paper: #fff;
  }
}
[data-world="process"] { --hue: var(--process); }
[data-world="container"] { --hue: var(--container); }
[data-world="vm"] { --hue: var(--vm); }
[data-world="address-space"] { --hue: var(--address-space); }

* { box-sizing: border-box; }
html {
  background: var(--paper); color: var(--ink); font: 100% / 1.5 system-ui, sans-serif;
  font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%; text-size-adjust: 100%;
}
body { margin: 0 auto; max-width: 72rem; padding: clamp(1.1rem, 3vw, 2.5rem) clamp(1rem, 4vw, 3.5rem) 4rem; }
h1, h2, h3 { font-weight: 600; line-height: 1.2; margin: 0; text-wrap: balance; }
h1 { font-size: 1.8rem; letter-spacing: -0.015em; }
h2 { font-size: 1.3rem; margin: 3rem 0 0.8rem; }
h3 { font-size: 0.8125rem; margin: 1.2rem 0 0.3rem; }
p { margin: 0.5rem 0; max-width: 46rem; text-wrap: pretty; }
ul { padding-left: 1.1rem; max-width: 46rem; }
li { margin-block: 0.25rem; }
a { color: inherit; text-decoration-color: var(--muted); text-underline-offset: 0.18em; }
small { font-size: 0.75rem; color: var(--muted); font-weight: 400; }
.lead, figcaption, .note { color: var(--muted); }
.lead { max-width: 46rem; margin-top: 0.4rem; }
figcaption b, .lead b { color: var(--ink); font-weight: 600; }
.findings { padding: 0; list-style: none; font-size: 1.05rem; max-width: 46rem; margin: 1.5rem 0 0; }
.findings li { padding: 0.5rem 0; border-top: 1px solid var(--grid); }
.warning { border-left: 2px solid var(--bad); padding-left: 0.8rem; max-width: 46rem; margin-block: 1rem; }
:focus-visible { outline: 2px solid var(--process); outline-offset: 2px; }

figure { margin: 2.2rem 0 0; }
figcaption { font-size: 0.8125rem; max-width: 46rem; }
.lane { display: grid; grid-template-columns: 11.5rem minmax(0, 1fr) 8.5rem; gap: 0 1rem; align-items: center; }
.lane + .lane { border-top: 1px solid var(--grid); }
.lane.axis { border-top: 1px solid var(--hairline); }
.lane > svg { display: block; width: 100%; overflow: visible; }
.lane .name { font-size: 0.8125rem; font-weight: 600; line-height: 1.25; overflow-wrap: anywhere; padding-block: 0.15rem; }
.lane .name small, .lane .value small { display: block; line-height: 1.25; }
.lane .value { font-size: 0.8125rem; text-align: right; white-space: nowrap; }
.lane .value b { font-weight: 600; }
.lane .below { grid-column: 2; font-size: 0.75rem; color: var(--muted); padding-bottom: 0.3rem; }
.lane .below b { color: var(--ink); }
.lane .below span { white-space: nowrap; margin-right: 0.6rem; }
.lane.emulated .name small { color: var(--vm); }
.lane.published .name { font-weight: 400; color: var(--muted); }
.lane.published .name a { text-decoration-color: var(--hairline); }
svg text { font-size: 11px; fill: var(--muted); text-anchor: middle; }
svg text.start { text-anchor: start; }
svg text.end { text-anchor: end; }
svg text[text-anchor="start"] { text-anchor: start; }
svg text[text-anchor="end"] { text-anchor: end; }
svg text.beside { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
svg text.mark { fill: var(--hue); font-weight: 650; font-size: 12px; }
.grid { stroke: var(--grid); }
.hatch { fill: url(#emulated); }
.hatch-line { stroke: var(--vm); stroke-width: 1; opacity: 0.28; }
.curve { fill: none; stroke: var(--hue); stroke-width: 1.75; vector-effect: non-scaling-stroke; }
.area { fill: var(--hue); opacity: 0.12; }
.strokes { stroke: var(--hue); stroke-width: 1; opacity: 0.7; vector-effect: non-scaling-stroke; }
.dot { fill: var(--hue); stroke: var(--paper); stroke-width: 1.5; }
.dot.open { fill: var(--paper); stroke: var(--hue); stroke-width: 2; }
.bar { stroke: var(--hue); stroke-width: 3; stroke-linecap: round; }
.interval { stroke: var(--hue); stroke-width: 2; }
.range { stroke: var(--hue); stroke-width: 1.5; }
.one { stroke: var(--muted); }
.dotted { stroke: var(--muted); stroke-width: 1.5; stroke-dasharray: 1.5 3; stroke-linecap: round; }
line.pointer { stroke: var(--ink); stroke-width: 1; pointer-events: none; }
text.pointer { fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 4px; pointer-events: none; }
.stage { fill: var(--hue); stroke: var(--paper); stroke-width: 1; }
svg text.letter { fill: var(--ink); font-weight: 650; }
svg text.letter.on { fill: var(--paper); }

.panel-grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: 0.5rem 2rem; }
.panel svg { display: block; width: 100%; max-width: 30rem; height: auto; }
.panel.emulated h3 small { color: var(--vm); }
.series { fill: none; stroke: var(--hue); stroke-width: 1.75; }
circle.series { fill: var(--hue); stroke: none; }
path.series.dashed { stroke-dasharray: 5 3; }
circle.series.dashed { fill: var(--paper); stroke: var(--hue); stroke-width: 1.5; }
path.series.fit { stroke-width: 1.25; }
path.series.cgroup { stroke-dasharray: 5 3; }
path.series.available { stroke-dasharray: 1.5 3; }
.point { fill: var(--hue); }
.point.cgroup { fill: var(--paper); stroke: var(--hue); }
.point.available { opacity: 0.5; }
.cores { stroke: var(--muted); stroke-dasharray: 4 3; }
.fits { list-style: none; padding: 0; margin: 0.3rem 0; font-size: 0.8125rem; }
.panel .note { font-size: 0.75rem; margin: 0; }

.wide { overflow-x: auto; margin-top: 1rem; max-width: 100%; }
table { border-collapse: collapse; font-size: 0.8125rem; line-height: 1.4; }
caption { text-align: left; padding-bottom: 0.4rem; color: var(--muted); }
th, td { padding: 0.3rem 0 0.3rem 1.4rem; text-align: right; vertical-align: baseline; border-bottom: 1px solid var(--grid); font-weight: 400; white-space: nowrap; }
thead th { color: var(--muted); border-bottom-color: var(--hairline); }
th:first-child { padding-left: 0; text-align: left; }
.text { text-align: left; white-space: normal; min-width: 6rem; overflow-wrap: anywhere; }
tbody th small { display: block; line-height: 1.25; white-space: normal; max-width: 15rem; }
small.emulated { color: var(--vm); }
tbody th { font-weight: 600; }
details { margin-top: 1rem; }
summary { cursor: pointer; font-size: 0.8125rem; color: var(--muted); padding-block: 0.3rem; }
summary:hover { color: var(--ink); }
dl { margin: 0.5rem 0; font-size: 0.8125rem; }
dl > div { display: grid; grid-template-columns: 10.5rem minmax(0, 1fr); gap: 0 1rem; padding-block: 0.3rem; border-top: 1px solid var(--grid); }
dt { font-weight: 600; overflow-wrap: anywhere; }
dd { margin: 0; color: var(--muted); overflow-wrap: anywhere; }
.fix, dl.published b { color: var(--ink); }
dl.published > div { scroll-margin-top: 2rem; }
dl.published > div:target { background: var(--wash); }
.notes { font-size: 0.8125rem; color: var(--muted); }
.notes b { color: var(--ink); font-weight: 600; }
code { font-family: var(--mono); font-size: 0.92em; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--hairline); font-size: 0.8125rem; color: var(--muted); }

@media screen and (max-width: 40rem) {
  .lane { grid-template-columns: minmax(0, 1fr) auto; padding-block: 0.35rem; }
  .lane > svg { grid-column: 1 / -1; grid-row: 2; }
  .lane .value small { display: inline; }
  .lane .name small { display: block; }
  .lane.axis { padding-block: 0; }
  .lane.axis > span { display: none; }
  .lane.axis > svg { grid-row: 1; }
  .lane .below { grid-column: 1 / -1; }
  dl > div { grid-template-columns: minmax(0, 1fr); }
}

@page { size: A4; margin: 14mm 15mm; }
@media print {
  html { font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { padding: 0; max-width: none; }
  h2, h3, figcaption { break-after: avoid; }
  .lane, .panel, figcaption, tr, dl > div, li, .warning { break-inside: avoid; }
  .group { break-inside: avoid-page; }
  .lane { grid-template-columns: 9.5rem minmax(0, 1fr) 7.5rem; }
  .wide { overflow: visible; }
  th, td { padding-left: 0.7rem; font-size: 7.5pt; }
  th { white-space: normal; }
  td.text { min-width: 0; }
  /* They say again what the figures show. */
  details { display: none; }
}
`;
