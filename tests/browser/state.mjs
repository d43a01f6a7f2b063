// A connection in a state that few people come to: opened from the EHR's settings, and looked at in both colour schemes, on a
// desk and on a phone. `holds` is what shows that it is in that state; `goes_on` says that something is at work all the while.

import { looked_at } from './look.mjs';
import { expect, story } from './house.mjs';

await story(async (page, { url, clinician, connection, name, holds, goes_on }) => {
  await page.goto(`${url}/sandbox/ehr/`);
  await page.getByRole('link', { name: clinician }).click();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Open Calendar Sync' }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.goto(`${url}/settings/connections/${connection}`);
  // A page whose work ends loads itself anew, and would be gone while it is looked at.
  if (!goes_on) await page.locator('[data-moving]').waitFor({ state: 'detached' });
  await page.locator(holds).first().waitFor();
  const faults = await looked_at(page, name);
  expect(faults.length === 0, faults.join('\n'));
});
