// Every page, in both colour schemes, on a desk and on a phone: axe finds nothing, and nothing scrolls sideways.

import { looked_at } from './look.mjs';
import { expect, story } from './house.mjs';

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
    faults.push(...(await looked_at(page, name)));
  }
  expect(faults.length === 0, faults.join('\n'));
});

async function try_out(page, url, provider) {
  await page.goto(url);
  await page.getByRole('button', { name: `Sandbox ${provider}` }).click();
  await page.getByRole('heading', { name: 'Connect your calendar' }).waitFor();
}
