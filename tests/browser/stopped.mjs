// Sign-ins that stop, walked from the EHR's settings and back: an administrator has to allow it first, a box is left unticked,
// a later choice needs one permission more. Each is looked at closely, and what was chosen before is kept.

import { looked_at } from './look.mjs';
import { expect, story } from './house.mjs';

await story(async (page, told) => {
  const faults = [];
  const look = async (name) => faults.push(...(await looked_at(page, name)));
  await open(page, told, 'Dr. Maya Okafor');
  await administrator_needed(page, told, look);
  await open(page, told, 'Dr. Daniel Reyes');
  await box_left_unticked(page, told, look);
  await one_permission_more(page, look);
  expect(faults.length === 0, faults.join('\n'));
}, { refusals: [422] });

async function open(page, { url }, clinician) {
  await page.goto(`${url}/sandbox/ehr/`);
  await page.getByRole('link', { name: clinician }).click();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Open Calendar Sync' }).click();
}

async function administrator_needed(page, { url, account }, look) {
  await turn(url, 'needs_admin');
  await page.getByRole('radio', { name: 'Outlook / Microsoft 365' }).check();
  await page.getByRole('radio', { name: 'Both ways' }).check();
  await page.getByRole('button', { name: 'Continue to sign in' }).click();
  await page.getByRole('button', { name: 'Continue to Outlook' }).click();
  await page.getByRole('heading', { name: /administrator/, level: 1 }).waitFor();
  await look('administrator_needed');
  await turn(url, 'ask');
  await back_to_sign_in(page);
  await page.getByRole('button', { name: 'Continue to Outlook' }).click();
  await page.getByRole('link', { name: account }).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.getByRole('link', { name: 'Yes, go on' }).click();
  await page.getByRole('heading', { name: 'Your choices', level: 1 }).waitFor();
  expect(await page.getByRole('radio', { name: 'Both ways' }).isChecked(), 'the direction was not kept');
}

/** Who answers Microsoft's question from now on. */
async function turn(url, sign_in) {
  const answer = await fetch(`${url}/sandbox/microsoft/control`, { method: 'POST', body: JSON.stringify({ sign_in }) });
  expect(answer.ok, `the sandbox says ${answer.status}`);
}

async function back_to_sign_in(page) {
  await page.getByRole('link', { name: 'Back to Calendar Sync' }).click();
  await page.getByRole('link', { name: 'Open' }).click();
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function box_left_unticked(page, { account }, look) {
  await page.getByRole('radio', { name: 'Google Calendar' }).check();
  await page.getByRole('radio', { name: 'One way' }).check();
  await page.getByRole('button', { name: 'Continue to sign in' }).click();
  await page.getByRole('button', { name: 'Continue to Google' }).click();
  await page.getByRole('link', { name: account }).click();
  for (const box of await page.getByRole('checkbox').all()) await box.uncheck();
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.getByRole('heading', { name: /permission/, level: 1 }).waitFor();
  await look('too_few_permissions');
  await back_to_sign_in(page);
  await page.getByRole('button', { name: 'Continue to Google' }).click();
  await page.getByRole('link', { name: account }).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.getByRole('link', { name: 'Yes, go on' }).click();
  await page.getByRole('button', { name: 'See what will happen' }).click();
  await page.getByRole('button', { name: 'Start Sync' }).click();
  await page.getByText('In step.').waitFor();
}

/** Nothing is counted before the provider allows it, and nothing saved before the click. */
async function one_permission_more(page, look) {
  await page.getByRole('link', { name: 'Change settings' }).click();
  await page.getByRole('radio', { name: 'Both ways' }).check();
  await page.getByRole('button', { name: 'See what will happen' }).click();
  await page.getByText(/sign in once more/).waitFor();
  await look('consent_needed');
}
