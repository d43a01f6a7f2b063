// The pictures that the README shows: both weeks with the sync between them, and what a clinician sees in the settings.

import path from 'node:path';

import { SIZES, story } from './house.mjs';

await story(async (page, { url, account, folder }) => {
  const keep = (name) => page.screenshot({ path: path.join(folder, `${name}.png`) });
  await page.setViewportSize(SIZES.desktop);
  await page.goto(`${url}/sandbox/ehr/settings?practitioner=prac-1`);
  await page.getByRole('button', { name: 'Open Calendar Sync' }).click();
  await page.getByRole('heading', { name: 'Connect your calendar' }).waitFor();
  await keep('before-you-start');
  await page.getByRole('radio', { name: /Google/ }).check();
  await page.getByRole('radio', { name: 'Both ways' }).check();
  await page.getByRole('button', { name: 'Continue to sign in' }).click();
  await page.getByRole('button', { name: 'Continue to Google' }).click();
  await page.getByRole('link', { name: account }).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.getByRole('link', { name: 'Yes, go on' }).click();
  await page.getByRole('heading', { name: 'Your choices' }).waitFor();
  await keep('choices');
  await page.getByRole('button', { name: 'See what will happen' }).click();
  await page.getByRole('heading', { name: 'What will happen' }).waitFor();
  await keep('preview');
  await page.getByRole('button', { name: 'Start Sync' }).click();
  await page.getByText('In step.').waitFor();
  await keep('connection');
  await page.setViewportSize({ width: SIZES.desktop.width, height: 1500 });
  await page.goto(url);
  await page.frameLocator('iframe[name="calendar"]').getByRole('button', { name: /Busy/ }).first().waitFor();
  await keep('side-by-side');
});
