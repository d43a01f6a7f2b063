// What comes up later, on the pages: an all-day entry that is marked free closes its day by one click, and opens it by
// another; a calendar that came into the account is asked about.

import { looked_at } from './look.mjs';
import { expect, story } from './house.mjs';

await story(async (page, { url, clinician, day }) => {
  await page.goto(`${url}/sandbox/ehr/`);
  await page.getByRole('link', { name: clinician }).click();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Open Calendar Sync' }).click();
  await page.getByRole('link', { name: 'Open Google Calendar' }).click();
  const connection = page.url();
  const faults = await answer(page, connection);
  faults.push(...(await close_and_open(page, connection, day)));
  expect(faults.length === 0, faults.join('\n'));
});

async function answer(page, connection) {
  const asked = page.getByRole('region', { name: 'New in your account' });
  await asked.getByText('“Choir” is new.').waitFor();
  const faults = await looked_at(page, 'new_calendar');
  await asked.getByRole('button', { name: 'Yes' }).click();
  await asked.waitFor({ state: 'detached' });
  await page.goto(connection);
  expect((await page.getByRole('region', { name: 'New in your account' }).count()) === 0, 'it is asked again');
  return faults;
}

async function close_and_open(page, connection, day) {
  await page.goto(`${connection}/week?from=${day}`);
  const free = page.getByRole('region', { name: 'These do not close your day' });
  await free.getByRole('button', { name: 'Close this day' }).click();
  await free.getByText('closed, as you wished').waitFor();
  const faults = await looked_at(page, 'free_day');
  await free.getByRole('button', { name: 'Open it again' }).click();
  await free.getByRole('button', { name: 'Close this day' }).waitFor();
  return faults;
}
