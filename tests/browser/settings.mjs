// What the EHR's help page promises, step by step: from Settings > Scheduling > Calendar Sync to the appointments in the
// clinician's own calendar; then change, pause, resume, disconnect. Nobody types an address.

import { expect, story } from './house.mjs';

await story(async (page, told) => {
  await open(page, told);
  await choose_calendar(page, told);
  await sign_in(page, told);
  await choose(page, told);
  await start(page);
  await verify(page);
  await see_the_week_and_review(page);
  await appointments_appear(page, told);
  await change(page, told);
  await pause_and_resume(page);
  await disconnect(page);
}, { refusals: [422] });

/** Open Settings > Scheduling > Calendar Sync. */
async function open(page, { url, clinician, script }) {
  await page.goto(`${url}/sandbox/ehr/`);
  await page.getByRole('link', { name: clinician }).click();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Open Calendar Sync' }).click();
  if (script === 'off') await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Connect your calendar', level: 1 }).waitFor();
  expect(page.url().startsWith(`${url}/settings`), `${page.url()} is not the settings page`);
  const before = await page.getByRole('region', { name: 'Before you start' }).innerText();
  expect(before.includes('America/New_York') && before.includes('Mon'), `zone and hours are missing: ${before}`);
}

async function choose_calendar(page, { provider }) {
  const names = { Google: 'Google Calendar', Outlook: 'Outlook / Microsoft 365', CalDAV: 'Another calendar (CalDAV)' };
  await page.getByRole('radio', { name: names[provider] }).check();
  await page.getByRole('radio', { name: 'Both ways' }).check();
  await page.getByRole('button', { name: 'Continue to sign in' }).click();
  await page.getByRole('heading', { name: 'Connect your calendar', level: 1 }).waitFor();
}

async function sign_in(page, told) {
  if (told.provider === 'CalDAV') await type_password(page, told);
  else await allow(page, told);
  await page.getByRole('heading', { name: 'Is this the account?' }).waitFor();
  await page.getByRole('heading', { name: told.account }).waitFor();
  await page.getByRole('link', { name: 'Yes, go on' }).click();
}

async function type_password(page, { url, user, password }) {
  await page.getByLabel('Address of the calendar server').fill(`${url}/sandbox/caldav/`);
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** First they change their mind: one link leads back, and what was chosen is kept. */
async function allow(page, { provider, account }) {
  await page.getByRole('button', { name: `Continue to ${provider}` }).click();
  await page.getByRole('link', { name: account }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('link', { name: 'Back to Calendar Sync' }).click();
  await page.getByRole('link', { name: 'Open' }).click();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: `Continue to ${provider}` }).click();
  await page.getByRole('link', { name: account }).click();
  await page.getByRole('button', { name: 'Allow' }).click();
}

async function choose(page) {
  await page.getByRole('heading', { name: 'Your choices', level: 1 }).waitFor();
  expect(await page.getByRole('radio', { name: 'Both ways' }).isChecked(), 'the direction was not kept');
  await page.getByRole('radio', { name: 'From last week to three months ahead' }).check();
  await page.getByRole('radio', { name: 'That it is an appointment' }).check();
  expect(await page.getByRole('radio', { name: "The client's initials" }).isDisabled(), 'patient data without an agreement');
  await page.getByRole('button', { name: 'See what will happen' }).click();
  await page.getByRole('heading', { name: 'What will happen' }).waitFor();
  await page.getByText(/Will add \d+ appointments? to your calendar/).waitFor();
  // Back without losing anything.
  await page.getByRole('button', { name: 'Change something' }).click();
  expect(await page.getByRole('radio', { name: 'From last week to three months ahead' }).isChecked(), 'the range was lost');
  expect(await page.getByRole('radio', { name: 'That it is an appointment' }).isChecked(), 'the detail was lost');
  await page.getByRole('button', { name: 'See what will happen' }).click();
}

async function start(page) {
  await page.getByRole('button', { name: 'Start Sync' }).click();
  await in_step(page);
}

async function in_step(page) {
  await page.getByText('In step.').waitFor({ timeout: 60_000 });
}

/** Both sides are tried, and nothing stays behind. */
async function verify(page) {
  await page.getByRole('link', { name: 'Verify' }).click();
  await page.getByRole('button', { name: 'Verify now' }).click();
  await page.getByRole('heading', { name: 'Both sides work' }).waitFor();
  for (const side of ['Your calendar', 'The EHR']) await page.getByRole('heading', { name: side }).waitFor();
}

async function see_the_week_and_review(page) {
  await page.getByRole('link', { name: 'See your week as it stands' }).click();
  await page.getByRole('heading', { name: /^Week of / }).waitFor();
  await page.getByText('Times in America/New_York').waitFor();
  expect(!(await page.getByRole('main').innerText()).includes('Not in step yet'), 'the week is not in step');
  await page.getByRole('link', { name: 'Back to this calendar' }).click();
  await page.getByRole('link', { name: 'Review' }).click();
  await page.getByText('Not reviewed yet.').waitFor();
  await page.getByRole('button', { name: 'It is as I want it' }).click();
  await in_step(page);
}

async function appointments_appear(page, { url, place, owner }) {
  const settings = page.url();
  await page.getByText(/[1-9]\d* appointments are in your calendar/).waitFor();
  await page.goto(`${url}${place}`);
  if (owner) await page.getByRole('link', { name: owner }).click();
  await page.getByText('Appointment', { exact: true }).first().waitFor();
  await page.goto(settings);
}

/** What will change is said before the click. */
async function change(page) {
  await page.getByRole('link', { name: 'Change settings' }).click();
  await page.getByRole('radio', { name: 'Only that you are busy' }).check();
  await page.getByRole('button', { name: 'See what will happen' }).click();
  await page.getByText(/Will change \d+ appointments? in your calendar/).waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('definition').filter({ hasText: 'Only that you are busy' }).waitFor();
  await in_step(page);
}

async function pause_and_resume(page) {
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Paused since').waitFor();
  await page.getByRole('button', { name: 'Resume' }).click();
  await in_step(page);
  await page.getByRole('button', { name: 'Sync now' }).click();
  await in_step(page);
}

async function disconnect(page) {
  await page.getByRole('link', { name: 'Disconnect' }).click();
  await page.getByRole('radio', { name: 'Remove them' }).check();
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.getByText('Nothing is left:').waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('heading', { name: 'You are logged out' }).waitFor();
}
