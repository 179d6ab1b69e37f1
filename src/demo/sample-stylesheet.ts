/** The sample app's own style, served as /app.css. */
export const sampleStylesheet = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f5; --card: #ffffff; --line: #dfe3dd; --ink: #171c18; --quiet: #59625b;
  --accent: #12704f; --accent-strong: #0c563c; --on-accent: #ffffff; --tint: #e9f4ee;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1311; --card: #181d1a; --line: #2b332e; --ink: #ecf1ed; --quiet: #a2ada5;
    --accent: #6fd3a8; --accent-strong: #93e2c0; --on-accent: #06281b; --tint: #1a2a23;
  }
}
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: anywhere; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
header, main { max-width: 960px; margin: 0 auto; padding: 0 24px; }
header { display: flex; flex-wrap: wrap; gap: 12px 24px; align-items: center; justify-content: space-between; padding-top: 36px; padding-bottom: 24px; }
h1 { margin: 0; font-size: 26px; letter-spacing: -0.015em; }
h2 { margin: 0 0 12px; font-size: 14px; font-weight: 600; color: var(--quiet); }
p { margin: 0; }
header p, .hint { color: var(--quiet); font-size: 14px; }
main { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; padding-bottom: 48px; }
section { padding: 22px; background: var(--card); border: 1px solid var(--line); border-radius: 16px; }
.wide { grid-column: 1 / -1; }
#balance { font-size: 38px; line-height: 1.2; font-weight: 650; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
#balance.unknown { font-size: 22px; color: var(--quiet); font-weight: 500; letter-spacing: 0; }
dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 6px 18px; margin: 0; }
dt { color: var(--quiet); }
dd { margin: 0; }
code, #path, #sse, #ws, td { font: 13px/1.6 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
#path { display: inline-block; padding: 4px 10px; border-radius: 8px; background: var(--tint); white-space: pre-wrap; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 8px 12px 8px 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
th { width: 34%; font-weight: 500; font-size: 14px; }
tr:first-child > * { border-top: 0; }
.actions { display: flex; flex-wrap: wrap; gap: 10px; margin-top: 18px; }
.button {
  display: inline-block; padding: 9px 16px; border: 1px solid var(--line); border-radius: 10px; background: transparent; color: var(--ink);
  font: inherit; font-size: 15px; font-weight: 550; text-decoration: none; cursor: pointer;
}
.button:hover { border-color: var(--quiet); }
.button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.button.main:hover { background: var(--accent-strong); border-color: var(--accent-strong); }
.button[aria-busy="true"] { opacity: 0.6; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
#notice { margin-top: 12px; color: var(--quiet); font-size: 14px; }
#notice:empty { display: none; }
#say { display: flex; gap: 10px; margin-top: 16px; }
#say input { flex: 1; min-width: 0; padding: 9px 12px; border: 1px solid var(--line); border-radius: 10px; background: var(--ground); color: var(--ink); font: inherit; font-size: 15px; }
@media (max-width: 640px) {
  header, main { padding-left: 14px; padding-right: 14px; }
  header { padding-top: 22px; }
  main { grid-template-columns: minmax(0, 1fr); }
  section { padding: 18px; }
  th, td { display: block; width: auto; padding: 2px 0; border: 0; }
  th { padding-top: 10px; }
}
`
