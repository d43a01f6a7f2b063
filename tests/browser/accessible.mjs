// Every page, in both colour schemes, on a desk and on a phone: axe finds nothing, and nothing scrolls sideways.
// With `DAYBOOK_PICTURES` set to a folder, a picture of each is left there.

import { readFileSync } from 'node:fs';
import path from 'node:path';

import { SIZES, expect, story, tools } from './house.mjs';

const AXE = readFileSync(tools.resolve('axe-core/axe.min.js'), 'utf8');

await story(async (page, { url, day }) => {
  const week = `${url}/sandbox/ehr/?practitioner=prac-1&week=${day}`;
  const faults = [];
  for (const [name, show] of Object.entries({
    start: () => page.goto(url),
    start_with_radicale: () => page.locator('summary').click(),
    week: () => page.goto(week),
    card: () => page.locator('button.face').first().click(),
    refused: () => page.goto(`${week}&notice=closed`),
    booked: () => page.goto(`${week}&notice=booked`),
    other_clinician: () => page.goto(`${url}/sandbox/ehr/?practitioner=prac-3`),
    empty_week: () => page.goto(`${url}/sandbox/ehr/?week=2040-01-02`),
    google_calendar: () => page.goto(`${url}/sandbox/google/`),
    outlook_calendar: () => page.goto(`${url}/sandbox/microsoft/`),
    caldav_calendar: () => page.goto(`${url}/sandbox/caldav/`),
    password_page: () => try_out(page, url, 'CalDAV'),
    sign_in_page: () => try_out(page, url, 'Google'),
    chooser: () => page.getByRole('button', { name: 'Continue to Google' }).click(),
    consent: () => page.getByRole('link', { name: 'ada@clinic.example' }).click(),
    connected: () => page.getByRole('button', { name: 'Allow' }).click(),
  })) {
    await show();
    for (const colorScheme of ['light', 'dark']) {
      for (const [size, viewport] of Object.entries(SIZES)) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize(viewport);
        await picture(page, `${name}-${colorScheme}-${size}`);
        const found = [...(await violations(page)), ...(await sideways(page))];
        faults.push(...found.map((fault) => `${name}, ${colorScheme}, ${size}: ${fault}`));
      }
    }
  }
  expect(faults.length === 0, faults.join('\n'));
});

async function try_out(page, url, provider) {
  await page.goto(url);
  await page.getByRole('button', { name: `Sandbox ${provider}` }).click();
  await page.getByRole('heading', { name: 'Connect your calendar' }).waitFor();
}

async function violations(page) {
  // Handed over as the browser's own tools do it, so that the page's content policy stays in force.
  if (await page.evaluate(() => !('axe' in globalThis))) await page.evaluate(AXE);
  const { violations: found, passes } = await page.evaluate(() => axe.run());
  expect(passes.length > 0, 'axe has looked at nothing');
  return found.flatMap(({ id, help, nodes }) => nodes.map(({ target }) => `${id} (${help}) at ${target.join(' ')}`));
}

async function sideways(page) {
  const { wide, seen } = await page.evaluate(() => ({
    wide: document.scrollingElement.scrollWidth,
    seen: document.documentElement.clientWidth,
  }));
  return wide > seen ? [`${wide} pixels wide where ${seen} are seen`] : [];
}

async function picture(page, name) {
  const folder = process.env.DAYBOOK_PICTURES;
  if (folder) await page.screenshot({ path: path.join(folder, `${name}.png`) });
}
