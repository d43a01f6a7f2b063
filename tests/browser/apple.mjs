// Whoever chooses Apple's calendar is told of Apple's own kind of password, finds Apple's server filled in, and comes through
// with any other's address typed over it.

import { expect, story } from './house.mjs';

await story(async (page, { url, clinician, account, user, password }) => {
  await page.goto(`${url}/sandbox/ehr/`);
  await page.getByRole('link', { name: clinician }).click();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Open Calendar Sync' }).click();
  await page.getByRole('radio', { name: 'Apple Calendar (iCloud)' }).check();
  await page.getByRole('button', { name: 'Continue to sign in' }).click();
  await page.getByText(/app-specific password/).first().waitFor();
  await page.getByText(/account\.apple\.com/).first().waitFor();
  const server = page.getByLabel('Address of the calendar server');
  expect((await server.inputValue()) === 'https://caldav.icloud.com', `${await server.inputValue()} is filled in`);
  await server.fill(`${url}/sandbox/caldav/`);
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Is this the account?' }).waitFor();
  await page.getByRole('heading', { name: account }).waitFor();
});
