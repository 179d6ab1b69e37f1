import { html } from './html.ts'

/** The one style of all pages. It holds nothing that varies: its hash stands in the Content-Security-Policy. */
export const stylesheet = html`
:root {
  color-scheme: light dark;
  --ground: #f4f5f8; --card: #ffffff; --line: #dfe2e9; --ink: #161a22; --quiet: #565e6e;
  --accent: #2f55d4; --link: #2f55d4; --accent-strong: #2444b0; --on-accent: #ffffff; --tint: #eef2fe; --shade: 0 1px 2px #161a220a, 0 12px 32px #161a2212;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1116; --card: #171b22; --line: #2b313c; --ink: #eceff4; --quiet: #a3acbb;
    --accent: #8fabff; --link: #8fabff; --accent-strong: #b0c4ff; --on-accent: #0b1333; --tint: #1d2436; --shade: 0 12px 32px #00000059;
  }
}
*, ::before, ::after { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; padding: 40px 20px 24px;
  display: flex; flex-direction: column; align-items: center; gap: 24px;
  background: var(--ground); color: var(--ink); overflow-wrap: anywhere;
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main {
  width: 100%; max-width: 440px; margin: auto; padding: 36px;
  background: var(--card); border: 1px solid var(--line); border-radius: 18px; box-shadow: var(--shade);
}
.mark { display: block; width: 44px; height: 44px; margin-bottom: 22px; color: var(--accent); }
.logo { display: block; height: 48px; max-width: 240px; margin-bottom: 22px; object-fit: contain; object-position: left; }
.mark path { stroke: var(--on-accent); }
h1 { margin: 0 0 10px; font-size: 26px; line-height: 1.25; letter-spacing: -0.015em; font-weight: 650; text-wrap: balance; }
:lang(zh) h1 { letter-spacing: 0; }
h2 { margin: 0 0 2px; font-size: 13px; font-weight: 600; color: var(--quiet); }
p { margin: 0 0 14px; text-wrap: pretty; }
.quiet { color: var(--quiet); font-size: 14px; }
.panel { margin: 20px 0; padding: 14px 16px; background: var(--tint); border-radius: 12px; }
.panel p, .panel ul { margin: 0; }
.panel ul { padding: 0; list-style: none; }
.panel li { position: relative; padding: 3px 0 3px 26px; }
.panel li::before {
  content: ""; position: absolute; left: 4px; top: 9px; width: 6px; height: 11px;
  border: solid var(--accent); border-width: 0 2px 2px 0; transform: rotate(40deg);
}
.who { font-weight: 600; }
.button {
  display: block; width: 100%; margin: 22px 0 0; padding: 13px 20px; border: 1px solid transparent; border-radius: 11px;
  background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer;
}
.button:hover { background: var(--accent-strong); }
.button.plain { margin-top: 10px; background: transparent; border-color: var(--line); color: var(--ink); }
.button.plain:hover { border-color: var(--quiet); }
.button + .quiet { margin: 16px 0 0; }
a { color: var(--link); text-underline-offset: 3px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; border-radius: 6px; }
.button:focus-visible { border-radius: 11px; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 16px; margin: 26px 0 0; padding-top: 18px; border-top: 1px solid var(--line); font-size: 13px; color: var(--quiet); }
dd { margin: 0; font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
footer { display: grid; gap: 2px; justify-items: center; }
.further, .languages ul { display: flex; flex-wrap: wrap; justify-content: center; gap: 0 4px; margin: 0; padding: 0; list-style: none; font-size: 14px; }
.further a, .languages a { display: block; padding: 6px 10px; color: var(--quiet); text-decoration: none; }
.further a:hover, .languages a:hover { color: var(--ink); text-decoration: underline; }
.languages a[aria-current] { color: var(--ink); font-weight: 600; }
@media (max-width: 480px) {
  body { padding: 16px 12px; }
  main { padding: 26px 22px; border-radius: 16px; }
  h1 { font-size: 23px; }
}
@media (forced-colors: active) { .button { border-color: currentColor; } }
`
