// check_html.mjs REPORT.html [FOLDER]: opens the report in headless Chromium and fails where axe-core finds a serious
// or critical fault in either colour scheme, where a script ran, a dialog opened or anything was fetched, or where a
// control character or bidirectional mark is on the page. With a FOLDER, pictures are left there.
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.env.WEB_MODULES ?? process.cwd(), 'x.js'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const [file, pictures] = process.argv.slice(2);
const address = pathToFileURL(resolve(file)).href;
const profile = mkdtempSync(join(tmpdir(), 'report-browser.'));
const faults = [];

const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
         '--disable-component-update', '--disable-sync'],
});
try {
  const page = await browser.newPage();
  page.on('dialog', dialog => { faults.push(`a dialog opened: ${dialog.message()}`); dialog.dismiss(); });
  page.on('pageerror', error => faults.push(`a script failed: ${error}`));
  page.on('console', message => faults.push(`the console says: ${message.text()}`));
  page.on('request', request => { if (request.url() !== address) faults.push(`fetched ${request.url()}`); });

  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, media: 'screen' });
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.goto(address);
    const counted = await page.evaluate(() => ({
      scripts: document.scripts.length,
      handlers: [...document.querySelectorAll('*')].filter(
        one => one.getAttributeNames().some(name => name.startsWith('on'))).length,
      outside: [...document.querySelectorAll('a[href]')].filter(one => !one.getAttribute('href').startsWith('#')).length,
      articles: document.querySelectorAll('article').length,
      ground: getComputedStyle(document.body).backgroundColor,
      marks: /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/.test(
        document.body.textContent),
    }));
    if (counted.scripts || counted.handlers || counted.outside || counted.marks || !counted.articles)
      faults.push(`${colorScheme}: ${JSON.stringify(counted)}`);
    // Without its style sheet, which the policy allows by its digest, the ground would be transparent.
    if (counted.ground === 'rgba(0, 0, 0, 0)')
      faults.push(`${colorScheme}: the style sheet was not applied`);

    await page.evaluate(() => document.querySelectorAll('details').forEach(one => { one.open = true; }));
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    for (const one of violations) {
      const where = one.nodes.slice(0, 3).map(node => node.target.join(' ')).join('; ');
      const text = `axe ${colorScheme}: ${one.impact} ${one.id}: ${one.help} (${where})`;
      if (one.impact === 'serious' || one.impact === 'critical')
        faults.push(text);
      else
        console.log(text);
    }
    if (pictures)
      await page.screenshot({ path: join(pictures, `${colorScheme}.png`), fullPage: true });
  }

  // A narrow screen: the page itself does not scroll sideways.
  await page.emulateMedia({ colorScheme: 'light', media: 'screen' });
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(address);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0)
    faults.push(`the page is ${wide} pixels wider than a narrow screen`);
  if (pictures) {
    await page.screenshot({ path: join(pictures, 'narrow.png'), fullPage: true });
    await page.pdf({ path: join(pictures, 'print.pdf'), format: 'A4', printBackground: true,
                     margin: { top: '15mm', bottom: '15mm', left: '15mm', right: '15mm' } });
  }
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}

for (const fault of faults)
  console.error(fault);
process.exit(faults.length ? 1 : 0);
